/*
 * The log's protocol, on the channel named "LOG": kterminal takes the kernel's log as it
 * comes, and keeps the last LOG_KEPT_BYTES of it for others.
 *
 *   LOG_READ  body: u64, a position -> bytes of the struct log_text in the page
 *
 * Positions count the log's bytes since the machine was switched on. The text is that from
 * the position on, or from the oldest byte that is kept if that is later; `next` is the
 * position behind it. Without text, an answer of 8, there is no more so far. An answer
 * of 0, which arrives as ANOS_FAILURE, says: a bad request.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_NAME "LOG"
#define LOG_KEPT_BYTES 0x10000
#define LOG_TEXT_MAX 4088 /* of an answer */

enum log_tag {
    LOG_READ = 1,
};

struct log_text {
    uint64_t next;
    char text[LOG_TEXT_MAX];
};

_Static_assert(offsetof(struct log_text, text) == 8, "text");
_Static_assert(sizeof(struct log_text) == 0x1000, "log_text");

#endif
