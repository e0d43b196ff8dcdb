/* Copying between the pieces of a span and one block. */
#include "span.h"

#include <string.h>

/* The next place in memory of a span, and how many of `bytes` lie there together. */
static void *next(struct span *span, size_t bytes, size_t *together)
{
    while (span->done == span->pieces->iov_len) {
        span->pieces++;
        span->count--;
        span->done = 0;
    }
    const size_t room = span->pieces->iov_len - span->done;
    void *const place = (char *)span->pieces->iov_base + span->done;
    *together = bytes < room ? bytes : room;
    span->done += *together;
    span->left -= *together;
    return place;
}

HIDDEN void __anos_span_take(struct span *from, void *to, size_t bytes)
{
    while (bytes > 0) {
        size_t together;
        const void *const place = next(from, bytes, &together);
        to = mempcpy(to, place, together);
        bytes -= together;
    }
}

HIDDEN void __anos_span_put(struct span *to, const void *from, size_t bytes)
{
    while (bytes > 0) {
        size_t together;
        void *const place = next(to, bytes, &together);
        memcpy(place, from, together);
        from = (const char *)from + together;
        bytes -= together;
    }
}
