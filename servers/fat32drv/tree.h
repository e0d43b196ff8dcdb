/*
 * The tree of files on a volume: from a path to a file.
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

/* Where a name is, or would be. */
struct place {
    struct node directory;
    bool has_slash; /* a '/' follows the name, so it is meant to be a directory */
    char name[NAME_LONG_BYTES]; /* "": the path is the root's */
};

/* Find the directory that the last name of a path is in: 0 or an enum file_error. */
int64_t tree_find_parent(struct tree *tree, const char *path, struct place *place);

/* Whether a path, but for its last name, goes through the directory that starts at `cluster`. */
bool tree_is_inside(struct tree *tree, const char *path, uint32_t cluster);

/* Note that the file or directory with node->entry has changed. */
void tree_note(struct tree *tree, const struct node *node);

/* Forget the paths to an entry; all of them if it is 0. */
void tree_forget(struct tree *tree, uint64_t entry);

#endif
