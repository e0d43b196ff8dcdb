/* A server that never answers in its first life, and always in the next ones. */
#include "supervised.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>

#define FOR_EVER UINT64_C(3600000000000)

int main(void)
{
    const uint64_t channel = supervised_channel(0), generation = supervised_generation();
    printf("deaf: generation %" PRIu64 "\n", generation);
    while (generation == 1) {
        anos_task_sleep_current(FOR_EVER);
    }
    for (unsigned count = 1;; count++) {
        uint64_t tag, bytes;
        const struct anos_result received = anos_recv_message(channel, &tag, &bytes, NULL);
        if (received.type != ANOS_OK) {
            return 1;
        }
        printf("deaf: message %u\n", count);
        anos_reply_message(received.value, 1);
    }
}
