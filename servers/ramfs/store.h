/*
 * What outlives ramfs, so that a successor goes on with the same files: this page, and the
 * chunks at the places where they were.
 *
 * Of it only some words count: `records`, the `entry` of a node, `replaced` of an entry, and
 * the `bytes`, the `tree` and the pointers in the pages of a content. Each is changed by one
 * store, behind all that it needs, so that what they say is true between any two stores.
 * Everything else is made anew from them: which pages and objects are in use, who is in
 * which directory, and what is found by its name.
 */
#ifndef STORE_H
#define STORE_H

#include "chunk.h"
#include "supervised.h"

#include <stdint.h>

struct store {
    uint64_t chunks[CHUNKS_MAX / 64]; /* a bit by chunk: 0 if it surely is not there */
    struct cut *records;              /* the pages of records (pool.c) */
    uint64_t last_number;             /* of an entry (node.h) */
};

#endif
