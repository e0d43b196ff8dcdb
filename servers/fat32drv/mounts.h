/* The volumes of one disk. */
#ifndef MOUNTS_H
#define MOUNTS_H

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
 * The tree that a path's mount names, and in `*inner` the path without the mount: 0 or
 * an enum file_error.
 */
int64_t mounts_find(struct mounts *mounts, const char *path, struct tree **tree,
                    const char **inner);

/* Whether any volume has changes that are not on the medium yet. */
bool mounts_are_dirty(const struct mounts *mounts);

/* Bring all changes of all volumes to the medium; false if the disk could not. */
bool mounts_sync(struct mounts *mounts);

#endif
