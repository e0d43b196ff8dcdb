/* Receive, handle, reply. */
#include "service.h"

#include <anos/abi.h>
#include <stdio.h>

void service_own_stack(void)
{
    volatile uint8_t room[STACK_BYTES - 2 * ANOS_PAGE_BYTES];
    for (size_t at = 0; at < sizeof room; at += ANOS_PAGE_BYTES) {
        room[at] = 0;
    }
}

void service_run(uint64_t channel, void *window, service_handler *handle)
{
    for (;;) {
        struct service_message message = { .page = window };
        uint64_t bytes;
        const struct anos_result received =
            anos_recv_message(channel, &message.tag, &bytes, window);
        if (received.type != ANOS_OK) {
            printf("SYSTEM: a service ends, its channel answers %lld\n", (long long)received.type);
            return;
        }
        message.cookie = received.value;
        message.bytes = bytes < ANOS_PAGE_BYTES ? bytes : ANOS_PAGE_BYTES;
        anos_reply_message(message.cookie, handle(&message));
    }
}
