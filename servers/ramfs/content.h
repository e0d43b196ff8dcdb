/* What a file holds. Pages that were never written are not there and read as zeros. */
#ifndef CONTENT_H
#define CONTENT_H

#include "file.h"

#include <stddef.h>
#include <stdint.h>

#define CONTENT_BYTES_MAX (UINT64_C(1) << 39) /* what a tree of height 3 can have */

/*
 * A tree of pages: the leaves are the file's, the others have pointers to 512 below
 * them. With height 0 the root is the file's first page. In a page of the file there are
 * zeros behind `bytes`. Zeros are an empty file.
 */
struct content {
    uint64_t bytes;
    uint64_t tree; /* the root's address and, in the bits that are 0 there, the height */
};

/* Read what there is from `offset` on, up to `bytes`: how many bytes. */
int64_t content_read(const struct content *content, uint64_t offset, void *to, size_t bytes);

/*
 * Write at `offset`, with zeros between the file's end and there: `bytes`, or
 * FILE_NO_SPACE or FILE_TOO_LARGE; then nothing has changed. If that ends in the middle
 * the file has its old length, and any of its bytes that were to change may have.
 */
int64_t content_write(struct content *content, uint64_t offset, const void *from, size_t bytes);

/* Make it shorter, or longer by zeros, in one step: 0 or FILE_TOO_LARGE. */
int64_t content_truncate(struct content *content, uint64_t bytes);

/* Claim its pages (pool.h) of what a predecessor left; what is behind its end goes. */
void content_recover(struct content *content);

#endif
