/*
 * Files and directories in memory. Always: a directory's children are in the order in
 * which they got their names, by ascending number, and each is found by its name in
 * one table for all.
 */
#ifndef NODE_H
#define NODE_H

#include "content.h"
#include "store.h"

#include <stdbool.h>

#define NODE_NAME_UNITS 255 /* UTF-16, as on a disk */

/* What makes a node one: its name and where that is. It is replaced as a whole. */
struct entry {
    struct node *directory; /* NULL: the root */
    struct node *replaced;  /* a node that is none any more, until it says so itself */
    uint64_t number;        /* ascending, never the same again */
    char name[];            /* UTF-8 */
};

/* A record of the pool. What outlives us: */
struct node {
    struct node *same_hash; /* does not: the pool has its own here when it is free */
    struct entry *entry;    /* NULL: it is none. The root has none either */
    struct content content;
    int64_t modified; /* seconds since 1970 */
    bool is_directory;

    /* What does not: */
    uint32_t hash;
    struct node *parent; /* the root's is NULL */
    struct node *first, *last, *next, *previous; /* children; siblings */
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

/*
 * Give one another name and directory, in place of the node that has them or NULL, which is
 * removed: in one step. False, and nothing has changed, without room.
 */
bool node_move(struct node *node, struct node *directory, struct name name, struct node *target);

/* Begin with what a store has, or with nothing; false if a chunk of it cannot be had. */
bool node_open(struct store *store, uint64_t limit);

#endif
