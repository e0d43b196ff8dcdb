/* What the files of the cache share: one slot. */
#ifndef SLOT_H
#define SLOT_H

#include "cache.h"

#include <string.h>

/* How many bytes of a block the disk has: all but in its last one. */
static inline uint32_t slot_bytes(const struct cache *cache, uint64_t block)
{
    const uint64_t left = cache->bytes - block * CACHE_BLOCK_BYTES;
    return left < CACHE_BLOCK_BYTES ? (uint32_t)left : CACHE_BLOCK_BYTES;
}

/* Whether something of it has to wait for a commit. */
static inline bool slot_has_metadata(const struct cache_slot *slot)
{
    return (slot->dirty[CACHE_TABLE] | slot->dirty[CACHE_ENTRIES]) != 0;
}

static inline bool slot_is_dirty(const struct cache_slot *slot)
{
    return slot->dirty[CACHE_DATA] != 0 || slot_has_metadata(slot);
}

/* Change which units are dirty, and the counts that follow from it. */
static inline void slot_set_dirty(struct cache *cache, struct cache_slot *slot,
                                  const uint8_t dirty[CACHE_CLASSES])
{
    cache->dirty_data -= slot->dirty[CACHE_DATA] != 0;
    cache->dirty_metadata -= slot_has_metadata(slot);
    memcpy(slot->dirty, dirty, sizeof slot->dirty);
    cache->dirty_data += slot->dirty[CACHE_DATA] != 0;
    cache->dirty_metadata += slot_has_metadata(slot);
}

#endif
