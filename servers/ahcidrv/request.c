/* Data of requests, and their answers. */
#include "request.h"

#include <anos/abi.h>
#include <string.h>

static void move(const struct request *request, uint8_t *data, uint8_t *buffer, uint32_t bytes)
{
    memcpy(request->writes ? buffer : data, request->writes ? data : buffer, bytes);
}

bool request_copy(const struct request *request, const struct shares *shares, uint32_t at,
                  uint8_t *buffer, uint32_t bytes)
{
    if (request->data != NULL) {
        move(request, request->data + at, buffer, bytes);
        return true;
    }
    for (uint32_t done = 0; done < bytes; done += ANOS_PAGE_BYTES) {
        const uint32_t rest = bytes - done, index = (at + done) / ANOS_PAGE_BYTES;
        uint8_t *const page = share_page(shares, request->object, request->pages[index]);
        if (page == NULL) {
            return false;
        }
        move(request, page, buffer + done, rest < ANOS_PAGE_BYTES ? rest : ANOS_PAGE_BYTES);
    }
    return true;
}

void request_answer(struct request *ended)
{
    while (ended != NULL) {
        struct request *const request = ended;
        const uint64_t message = request->message;
        ended = request->next;
        anos_reply_message(message, request->has_failed ? 0 : request->answer);
        __atomic_store_n(&request->message, 0, __ATOMIC_RELEASE);
    }
}
