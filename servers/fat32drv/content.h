/* What a file holds: its bytes, and the clusters for them. */
#ifndef CONTENT_H
#define CONTENT_H

#include "directory.h"
#include "file.h"

#define CONTENT_BYTES_MAX UINT32_MAX

/*
 * A file's chain and its length are in different sectors, so no single write
 * changes both. A file of up to so many bytes that gets more clusters, or fewer,
 * since a commit is copied to a new chain, which its entry then names by one write.
 * A larger one's chain changes before its length does: after a power cut in between
 * it may be longer than the file needs.
 */
#define CONTENT_COPIED_MAX (128 * 1024)

/* Read what there is from `offset` on, up to `bytes`: how many bytes, or an enum file_error. */
int64_t content_read(struct volume *volume, const struct node *node, uint64_t offset, void *to,
                     size_t bytes);

/*
 * Write `bytes` at `offset`, with zeros between the file's end and there; zeros if
 * `from` is NULL. Changes `node` and its entry. Answers `bytes` or an enum file_error.
 */
int64_t content_write(struct volume *volume, struct node *node, uint64_t offset, const void *from,
                      size_t bytes);

/* Make a file shorter, or longer by zeros: 0 or an enum file_error. */
int64_t content_truncate(struct volume *volume, struct node *node, uint64_t bytes);

#endif
