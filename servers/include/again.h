/* Requests that may be made twice. */
#ifndef AGAIN_H
#define AGAIN_H

#include <anos/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AGAIN_TRIES 16
#define AGAIN_BYTES_MAX 512

/*
 * Send a message whose request is of at most AGAIN_BYTES_MAX bytes, and send it again to the
 * successor of a server that ends in the middle: the answer may be in the same page, so the
 * request is kept. After that many tries the answer is ANOS_RESTARTED.
 */
static inline struct anos_result send_again(uint64_t channel, uint64_t tag, size_t bytes,
                                            void *page)
{
    uint8_t kept[AGAIN_BYTES_MAX];
    const bool is_kept = bytes <= sizeof kept;
    if (is_kept && bytes > 0) {
        memcpy(kept, page, bytes);
    }
    struct anos_result answer = anos_send_message(channel, tag, bytes, page);
    for (int i = 0; answer.type == ANOS_RESTARTED && is_kept && i < AGAIN_TRIES; i++) {
        if (bytes > 0) {
            memcpy(page, kept, bytes);
        }
        answer = anos_send_message(channel, tag, bytes, page);
    }
    return answer;
}

#endif
