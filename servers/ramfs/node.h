/*
 * Files and directories in memory. Always: a directory's children are in the order in
 * which they got their names, by ascending number, and each is found by its name in
 * one table for all.
 */
#ifndef NODE_H
#define NODE_H

#include "content.h"

#include <stdbool.h>

#define NODE_NAME_UNITS 255 /* UTF-16, as on a disk */

struct node {
    struct node *parent; /* the root's is NULL */
    struct node *first, *last, *next, *previous; /* children; siblings */
    struct node *same_hash;
    uint64_t number; /* ascending, never the same again */
    char *name;      /* UTF-8 */
    uint32_t hash;
    bool is_directory;
    int64_t modified; /* seconds since 1970 */
    struct content content;
};

/* A name that is part of a path, without NUL. */
struct name {
    const char *text;
    size_t bytes;
};

extern struct node node_root;

/* Can something be called that? */
bool node_name_is_good(struct name name);

/* The child with this name, or NULL. */
struct node *node_find(const struct node *directory, struct name name);

/* Make an empty one; NULL without room. */
struct node *node_make(struct node *directory, struct name name, bool is_directory, int64_t now);

/* Remove one that has no children, and its content. */
void node_remove(struct node *node);

/* Give one another name and directory; false, and nothing has changed, without room. */
bool node_move(struct node *node, struct node *directory, struct name name);

#endif
