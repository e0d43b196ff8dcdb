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

static inline bool slot_is_unflushed(const struct cache_slot *slot)
{
    return (slot->written[CACHE_NOW] | slot->written[CACHE_DATA] | slot->written[CACHE_TABLE] |
            slot->written[CACHE_ENTRIES]) != 0;
}

/* Whether its content is not, or perhaps not, on the medium. */
static inline bool slot_is_needed(const struct cache_slot *slot)
{
    return (slot->dirty[CACHE_NOW] | slot->dirty[CACHE_DATA]) != 0 || slot_has_metadata(slot) ||
           slot_is_unflushed(slot);
}

/* Take a slot out of the counts, to change what is dirty or written, or put it back. */
static inline void slot_count(struct cache *cache, const struct cache_slot *slot, bool is_back)
{
    const uint32_t one = is_back ? 1 : UINT32_MAX;
    cache->dirty_data += slot->dirty[CACHE_DATA] != 0 ? one : 0;
    cache->failed_data += slot->dirty[CACHE_DATA] != 0 && slot->has_failed ? one : 0;
    cache->dirty_metadata += slot_has_metadata(slot) ? one : 0;
    cache->unflushed += slot_is_unflushed(slot) ? one : 0;
}

#endif
