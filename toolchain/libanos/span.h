/* The memory that a call reads into or writes from: pieces, and how far it has come. */
#ifndef ANOS_SPAN_H
#define ANOS_SPAN_H

#include "internal.h"

#include <sys/uio.h>

struct span {
    const struct iovec *pieces;
    long count;     /* of pieces that are left */
    size_t done;    /* of the first one's bytes */
    size_t left;    /* bytes in all that are left */
};

/* Copy the next `bytes`, which are left in the span, to `to`. */
HIDDEN void __anos_span_take(struct span *from, void *to, size_t bytes);

/* Copy `bytes` to the next place in the span, which has as much. */
HIDDEN void __anos_span_put(struct span *to, const void *from, size_t bytes);

#endif
