/* Receive and reply. */
#include "file_server.h"

bool file_receive(const struct file_server *server, void *page, struct file_message *message)
{
    struct anos_transfer transfer;
    uint64_t bytes;
    transfer.timeout_ns = 0;
    const struct anos_result received =
        anos_recv_transfer(server->channel, &message->tag, &bytes, page, &transfer);
    if (received.type != ANOS_OK) {
        return false;
    }
    for (uint32_t i = 0; i < transfer.count; i++) {
        anos_drop(transfer.slots[i].cookie); /* nobody asked for it */
    }
    message->cookie = received.value;
    message->badge = transfer.badge;
    message->bytes = bytes < ANOS_PAGE_BYTES ? bytes : ANOS_PAGE_BYTES;
    message->page = page;
    return true;
}

void file_answer(struct file_server *server, const struct file_message *message)
{
    uint64_t handle;
    const uint64_t reply = file_serve(server, message, &handle);
    if (handle == 0) {
        anos_reply_message(message->cookie, reply);
        return;
    }
    const struct anos_transfer transfer = { .count = 1, .slots = { { .cookie = handle } } };
    anos_reply_transfer(message->cookie, reply, &transfer);
}
