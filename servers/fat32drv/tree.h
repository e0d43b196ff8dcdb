/*
 * The tree of files on a volume: from a path to a file, from a file to its bytes.
 *
 * Every request names its file by a path, so the last paths are remembered.
 */
#ifndef TREE_H
#define TREE_H

#include "directory.h"
#include "file.h"

#define TREE_PATHS 16      /* paths remembered ... */
#define TREE_PATH_BYTES 256 /* ... if they are no longer, with the NUL */

struct tree {
    struct volume volume;
    uint64_t clock;
    struct {
        uint64_t used; /* 0: empty */
        struct node node;
        char path[TREE_PATH_BYTES];
    } paths[TREE_PATHS];
};

/* Open the volume in a partition, as volume_open does. */
const char *tree_open(struct tree *tree, struct cache *cache, const struct partition *partition);

/* Find what a path without its mount names: 0 or an enum file_error. "" and "/" are the root. */
int64_t tree_find(struct tree *tree, const char *path, struct node *node);

/*
 * Read a file's bytes from `offset` on, as many as it has there but no more
 * than `bytes`. Answers how many, or an enum file_error.
 */
int64_t tree_read(struct tree *tree, const struct node *node, uint64_t offset, void *to,
                  size_t bytes);

#endif
