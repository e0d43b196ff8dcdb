/* What clients ask of the volumes: the file protocol (file.h). */
#ifndef REQUEST_H
#define REQUEST_H

#include "tree.h"
#include "vfs.h"

#define MOUNTS_MAX 8 /* volumes of one disk */

struct mount {
    char prefix[VFS_PREFIX_BYTES]; /* "disk0:" */
    struct tree tree;
};

struct mounts {
    size_t count;
    struct mount table[MOUNTS_MAX];
};

/*
 * Mount every FAT volume of a disk: the first as `prefix` ("disk0:"), others with
 * the number of their partition ("disk0p3:"). Answers how many there are, and in
 * `*wrong`, if there is none, why.
 */
size_t mounts_open(struct mounts *mounts, struct cache *cache, const char *prefix,
                   const char **wrong);

/*
 * Serve one message of `bytes` bytes in `page`, answer in the same page, and
 * return the reply. The client may write the page while we read it.
 */
uint64_t request_serve(struct mounts *mounts, uint64_t tag, size_t bytes, void *page);

#endif
