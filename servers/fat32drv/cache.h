/*
 * The disk's blocks that were read last.
 *
 * Everything is read through it in blocks of a page, whole and aligned to the
 * disk, so that a sequential reader causes one command a page however its
 * clusters lie. Nothing is written, so nothing gets old.
 */
#ifndef CACHE_H
#define CACHE_H

#include "disk.h"

#include <stddef.h>

#define CACHE_BLOCK_BYTES 4096
#define CACHE_SLOTS 32

struct cache {
    struct disk *disk;
    uint64_t bytes; /* of the disk */
    uint64_t clock; /* counts uses */
    struct {
        uint64_t block;
        uint64_t used; /* 0: empty */
    } slots[CACHE_SLOTS];
    uint32_t last; /* the slot used last */
    _Alignas(CACHE_BLOCK_BYTES) uint8_t pages[CACHE_SLOTS][CACHE_BLOCK_BYTES];
};

/* Start with an empty cache of an open disk. */
void cache_open(struct cache *cache, struct disk *disk);

/* Copy `bytes` from byte `offset` of the disk; false beyond its end or if it cannot be read. */
bool cache_read(struct cache *cache, uint64_t offset, void *to, size_t bytes);

#endif
