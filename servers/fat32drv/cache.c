/* A least-recently-used cache of whole blocks. */
#include "cache.h"

#include <string.h>

void cache_open(struct cache *cache, struct disk *disk)
{
    cache->disk = disk;
    cache->bytes = disk->sector_count * disk->sector_bytes;
    cache->clock = 0;
    cache->last = 0;
    memset(cache->slots, 0, sizeof cache->slots);
}

static bool holds(const struct cache *cache, uint32_t slot, uint64_t block)
{
    return cache->slots[slot].used != 0 && cache->slots[slot].block == block;
}

static uint32_t slot_for(const struct cache *cache, uint64_t block)
{
    uint32_t oldest = 0;
    for (uint32_t slot = 0; slot < CACHE_SLOTS; slot++) {
        if (holds(cache, slot, block)) {
            return slot;
        }
        if (cache->slots[slot].used < cache->slots[oldest].used) {
            oldest = slot;
        }
    }
    return oldest;
}

static bool fill(struct cache *cache, uint32_t slot, uint64_t block)
{
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    const uint64_t begin = block * CACHE_BLOCK_BYTES, left = cache->bytes - begin;
    const uint64_t bytes = left < CACHE_BLOCK_BYTES ? left : CACHE_BLOCK_BYTES;

    cache->slots[slot].used = 0; /* whatever happens, what was there is gone */
    if (!disk_read(cache->disk, begin / sector_bytes, (uint32_t)(bytes / sector_bytes),
                   cache->pages[slot])) {
        return false;
    }
    cache->slots[slot].block = block;
    return true;
}

/* The block's bytes until the next call, or NULL if it cannot be read. */
static const uint8_t *find(struct cache *cache, uint64_t block)
{
    if (!holds(cache, cache->last, block)) {
        const uint32_t slot = slot_for(cache, block);
        if (!holds(cache, slot, block) && !fill(cache, slot, block)) {
            return NULL;
        }
        cache->last = slot;
    }
    cache->slots[cache->last].used = ++cache->clock;
    return cache->pages[cache->last];
}

bool cache_read(struct cache *cache, uint64_t offset, void *to, size_t bytes)
{
    if (offset > cache->bytes || bytes > cache->bytes - offset) {
        return false;
    }
    uint8_t *at = to;
    while (bytes > 0) {
        const size_t begin = offset % CACHE_BLOCK_BYTES;
        const size_t rest = CACHE_BLOCK_BYTES - begin, piece = bytes < rest ? bytes : rest;
        const uint8_t *const block = find(cache, offset / CACHE_BLOCK_BYTES);
        if (block == NULL) {
            return false;
        }
        memcpy(at, block + begin, piece);
        at += piece;
        offset += piece;
        bytes -= piece;
    }
    return true;
}
