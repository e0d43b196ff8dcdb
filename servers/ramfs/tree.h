/* Paths to nodes. */
#ifndef TREE_H
#define TREE_H

#include "node.h"

/* Where a path's last name is, or would be. */
struct place {
    struct node *directory;
    struct name name; /* empty: the path is the root's */
    bool has_slash;   /* a '/' follows the name, so it is meant to be a directory */
};

/* Find what a path without its mount names: 0 or an enum file_error. */
int64_t tree_find(const char *path, struct node **node);

/* Find the directory that the last name of a path is in: 0 or an enum file_error. */
int64_t tree_find_place(const char *path, struct place *place);

/* Find what has the last name of a path, and where: 0 or an enum file_error. Not the root. */
int64_t tree_find_old(const char *path, struct place *place, struct node **node);

/* Find the place of a name that is not there and can be made: 0 or an enum file_error. */
int64_t tree_find_new(const char *path, struct place *place);

/* Whether a directory is a node, or somewhere below it. */
bool tree_is_inside(const struct node *directory, const struct node *node);

#endif
