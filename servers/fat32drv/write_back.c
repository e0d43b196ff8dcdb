/* Writing what is dirty: in the order of the disk, and in as few commands as can be. */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

struct dirty_slot {
    uint64_t block;
    uint16_t index;
};

static int by_block(const void *left, const void *right)
{
    const uint64_t a = ((const struct dirty_slot *)left)->block;
    const uint64_t b = ((const struct dirty_slot *)right)->block;
    return (a > b) - (a < b);
}

/* Write the dirty sectors of one block, in as few commands as they lie side by side. */
static bool write_block(struct cache *cache, uint16_t index, uint8_t units)
{
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    const uint32_t sector_units = sector_bytes / CACHE_UNIT_BYTES;
    const uint64_t first = cache->slots[index].block * CACHE_BLOCK_BYTES / sector_bytes;
    const uint32_t count = slot_bytes(cache, cache->slots[index].block) / sector_bytes;
    const uint32_t mask = (1u << sector_units) - 1;
    bool all = true;
    for (uint32_t begin = 0; begin < count;) {
        uint32_t end = begin;
        while (end < count && units >> end * sector_units & mask) {
            end++;
        }
        if (end > begin) {
            all &= disk_write(cache->disk, first + begin, end - begin,
                              cache->pages[index] + begin * sector_bytes);
        }
        begin = end + 1;
    }
    return all;
}

/* Write blocks that follow each other, if all of each is dirty; false if that does not go. */
static bool write_blocks(struct cache *cache, const struct dirty_slot *slots, uint32_t count)
{
    uint8_t *pages[CACHE_AHEAD];
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    for (uint32_t i = 0; i < count; i++) {
        pages[i] = cache->pages[slots[i].index];
    }
    return disk_write_pages(cache->disk, slots[0].block * CACHE_BLOCK_BYTES / sector_bytes,
                            count * CACHE_BLOCK_BYTES / sector_bytes, pages);
}

/* How many of the slots from the first on can be written by one command. */
static uint32_t together(const struct cache *cache, const struct dirty_slot *slots, size_t count,
                         enum cache_class class)
{
    uint32_t run = 0;
    while (run < count && run < CACHE_AHEAD && slots[run].block == slots[0].block + run &&
           cache->slots[slots[run].index].dirty[class] == UINT8_MAX) {
        run++;
    }
    return run;
}

/* Write what is dirty in a class; with `is_again` also what could not be written before. */
static bool write_class(struct cache *cache, enum cache_class class, bool is_again)
{
    static struct dirty_slot found[CACHE_SLOTS];
    size_t count = 0;
    for (uint16_t index = 0; index < CACHE_SLOTS; index++) {
        const struct cache_slot *const slot = &cache->slots[index];
        if (slot->used && slot->dirty[class] != 0 && (is_again || !slot->has_failed)) {
            found[count++] = (struct dirty_slot){ slot->block, index };
        }
    }
    qsort(found, count, sizeof found[0], by_block);
    bool all = true;
    for (size_t i = 0; i < count;) {
        const uint32_t run = together(cache, found + i, count - i, class);
        const bool is_done = run > 1 && write_blocks(cache, found + i, run);
        const size_t end = i + (is_done ? run : 1);
        for (; i < end; i++) {
            struct cache_slot *const slot = &cache->slots[found[i].index];
            const bool is_written =
                is_done || write_block(cache, found[i].index, slot->dirty[class]);
            all &= is_written;
            slot_count(cache, slot, false);
            if (is_written || class == CACHE_NOW) {
                slot->written[class] |= is_written ? slot->dirty[class] : 0;
                slot->missing |= is_written ? 0 : slot->dirty[class];
                slot->dirty[class] = 0;
            }
            if (class == CACHE_DATA) {
                slot->has_failed = !is_written;
            }
            slot_count(cache, slot, true);
        }
    }
    return all;
}

bool cache_write_back(struct cache *cache, enum cache_class class)
{
    return write_class(cache, class, true);
}

void cache_write_data(struct cache *cache)
{
    if (cache->dirty_data > cache->failed_data) {
        write_class(cache, CACHE_DATA, false);
    }
}

bool cache_flush(struct cache *cache)
{
    const bool is_done = cache->unflushed == 0 || disk_flush(cache->disk);
    for (uint16_t index = 0; cache->unflushed > 0; index++) {
        struct cache_slot *const slot = &cache->slots[index];
        if (!slot_is_unflushed(slot)) {
            continue;
        }
        slot_count(cache, slot, false);
        for (int class = 0; class < CACHE_CLASSES; class++) {
            slot->dirty[class] |= is_done ? 0 : slot->written[class];
            slot->written[class] = 0;
        }
        slot_count(cache, slot, true);
    }
    return is_done;
}
