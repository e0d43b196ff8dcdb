/* A least-recently-used cache of whole blocks, found by a hash. */
#include "slot.h"

#include <string.h>

#define DATA_MAX (CACHE_SLOTS / 2) /* slots with dirty data, before they are written */

void cache_open(struct cache *cache, struct disk *disk, uint8_t *pages)
{
    memset(cache, 0, offsetof(struct cache, slots));
    cache->disk = disk;
    cache->pages = (uint8_t(*)[CACHE_BLOCK_BYTES])pages;
    cache->bytes = disk->sector_count * disk->sector_bytes;
    memset(cache->hashes, 0xff, sizeof cache->hashes);
    for (uint16_t slot = 0; slot < CACHE_SLOTS; slot++) {
        cache->slots[slot] = (struct cache_slot){
            .newer = slot == 0 ? CACHE_NONE : (uint16_t)(slot - 1),
            .older = slot == CACHE_SLOTS - 1 ? CACHE_NONE : (uint16_t)(slot + 1),
            .next = CACHE_NONE,
        };
    }
    cache->newest = cache->last = 0;
    cache->oldest = CACHE_SLOTS - 1;
}

static uint16_t *hash_of(struct cache *cache, uint64_t block)
{
    return &cache->hashes[block % CACHE_HASHES];
}

static uint16_t find_slot(struct cache *cache, uint64_t block)
{
    uint16_t slot = *hash_of(cache, block);
    while (slot != CACHE_NONE && cache->slots[slot].block != block) {
        slot = cache->slots[slot].next;
    }
    return slot;
}

/* Make a slot the one used last. */
static void touch(struct cache *cache, uint16_t index)
{
    struct cache_slot *const slot = &cache->slots[index];
    if (cache->newest == index) {
        return;
    }
    cache->slots[slot->newer].older = slot->older;
    if (slot->older == CACHE_NONE) {
        cache->oldest = slot->newer;
    } else {
        cache->slots[slot->older].newer = slot->newer;
    }
    slot->newer = CACHE_NONE;
    slot->older = cache->newest;
    cache->slots[cache->newest].newer = index;
    cache->newest = index;
}

/* Forget what a slot has; nothing of it is needed. */
static void empty(struct cache *cache, uint16_t index)
{
    struct cache_slot *const slot = &cache->slots[index];
    if (slot->used) {
        uint16_t *link = hash_of(cache, slot->block);
        while (*link != index) {
            link = &cache->slots[*link].next;
        }
        *link = slot->next;
        slot->used = false;
    }
}

static uint16_t oldest_clean(const struct cache *cache)
{
    uint16_t index = cache->oldest;
    while (index != CACHE_NONE && slot_is_needed(&cache->slots[index])) {
        index = cache->slots[index].newer;
    }
    return index;
}

/*
 * A slot for a block that has none: the oldest one that is clean. CACHE_NONE if none is, or if
 * it is for data and there are too many that cannot be written.
 */
static uint16_t new_slot(struct cache *cache, uint64_t block, bool is_for_data)
{
    uint16_t index = oldest_clean(cache);
    if (index == CACHE_NONE || cache->dirty_data > DATA_MAX) {
        cache_write_data(cache);
        index = oldest_clean(cache);
    }
    if (index == CACHE_NONE && cache_flush(cache)) {
        index = oldest_clean(cache);
    }
    if (index == CACHE_NONE || (is_for_data && cache->dirty_data > DATA_MAX)) {
        return CACHE_NONE;
    }
    empty(cache, index);
    touch(cache, index);
    struct cache_slot *const slot = &cache->slots[index];
    slot->block = block;
    slot->used = true;
    slot->has_failed = false;
    slot->bad = slot->missing = 0;
    slot->next = *hash_of(cache, block);
    *hash_of(cache, block) = index;
    return index;
}

/* Read some units of a block sector by sector, and note which cannot be read; false if none can. */
static bool read_what_can_be(struct cache *cache, uint16_t index, uint8_t units)
{
    static _Alignas(CACHE_BLOCK_BYTES) uint8_t page[CACHE_BLOCK_BYTES];
    struct cache_slot *const slot = &cache->slots[index];
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    const uint32_t mask = (1u << sector_bytes / CACHE_UNIT_BYTES) - 1;
    const uint64_t first = slot->block * CACHE_BLOCK_BYTES / sector_bytes;
    const uint32_t count = slot_bytes(cache, slot->block) / sector_bytes;
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t sector = (uint8_t)(mask << i * sector_bytes / CACHE_UNIT_BYTES);
        if (!(units & sector)) {
            continue;
        }
        if (disk_read(cache->disk, first + i, 1, page)) {
            memcpy(cache->pages[index] + i * sector_bytes, page, sector_bytes);
            any = true;
        } else {
            slot->bad |= sector;
        }
    }
    return any;
}

/* Read what a block lacks: at once if that goes. */
static void complete(struct cache *cache, uint16_t index)
{
    static _Alignas(CACHE_BLOCK_BYTES) uint8_t page[CACHE_BLOCK_BYTES];
    struct cache_slot *const slot = &cache->slots[index];
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    const uint64_t first = slot->block * CACHE_BLOCK_BYTES / sector_bytes;
    const uint32_t count = slot_bytes(cache, slot->block) / sector_bytes;
    const bool is_read = disk_read(cache->disk, first, count, page);
    for (uint32_t unit = 0; is_read && unit < CACHE_BLOCK_BYTES / CACHE_UNIT_BYTES; unit++) {
        if (slot->missing >> unit & 1) {
            memcpy(cache->pages[index] + unit * CACHE_UNIT_BYTES, page + unit * CACHE_UNIT_BYTES,
                   CACHE_UNIT_BYTES);
        }
    }
    if (!is_read) {
        read_what_can_be(cache, index, slot->missing);
    }
    slot->missing = 0;
}

/* Read `count` blocks that have just got their slots; false if nothing of the first is there. */
static bool fill(struct cache *cache, const uint16_t *slots, uint32_t count)
{
    uint8_t *pages[CACHE_AHEAD];
    const uint64_t block = cache->slots[slots[0]].block;
    const uint32_t sector_bytes = cache->disk->sector_bytes;
    const uint32_t bytes = (count - 1) * CACHE_BLOCK_BYTES + slot_bytes(cache, block + count - 1);
    for (uint32_t i = 0; i < count; i++) {
        pages[i] = cache->pages[slots[i]];
    }
    if (disk_read_pages(cache->disk, block * CACHE_BLOCK_BYTES / sector_bytes,
                        bytes / sector_bytes, pages)) {
        return true;
    }
    for (uint32_t i = 1; i < count; i++) {
        empty(cache, slots[i]);
    }
    if (read_what_can_be(cache, slots[0], UINT8_MAX)) {
        return true;
    }
    empty(cache, slots[0]);
    return false;
}

/* How many blocks to read from one on that is not here: more the longer a reader goes on. */
static uint32_t plan_ahead(struct cache *cache, uint64_t block)
{
    const uint64_t end = (cache->bytes + CACHE_BLOCK_BYTES - 1) / CACHE_BLOCK_BYTES;
    if (block == 0 || find_slot(cache, block - 1) == CACHE_NONE) {
        return 1;
    }
    const uint32_t doubled = 2 * cache->ahead_count;
    uint32_t count = block != cache->ahead_end  ? CACHE_AHEAD_MIN
                     : doubled < CACHE_AHEAD ? doubled
                                             : CACHE_AHEAD;
    count = count < end - block ? count : (uint32_t)(end - block);
    cache->ahead_end = block + count;
    cache->ahead_count = count;
    return count;
}

/* The slot with a block's content, read if it must be; CACHE_NONE if that cannot be done. */
static uint16_t get(struct cache *cache, uint64_t block)
{
    const struct cache_slot *const last = &cache->slots[cache->last];
    if (last->used && last->block == block && last->missing == 0) {
        return cache->last;
    }
    uint16_t slots[CACHE_AHEAD] = { find_slot(cache, block) };
    if (slots[0] == CACHE_NONE) {
        const uint32_t wanted = plan_ahead(cache, block);
        uint32_t count = 0;
        while (count < wanted && find_slot(cache, block + count) == CACHE_NONE &&
               (slots[count] = new_slot(cache, block + count, false)) != CACHE_NONE) {
            count++;
        }
        if (count == 0 || !fill(cache, slots, count)) {
            return CACHE_NONE;
        }
    }
    if (cache->slots[slots[0]].missing != 0) {
        complete(cache, slots[0]);
    }
    touch(cache, slots[0]);
    cache->last = slots[0];
    return slots[0];
}

/* The units of a block that `bytes` from `begin` on lie in, a bit each. */
static uint8_t units_of(size_t begin, size_t bytes)
{
    const size_t first = begin / CACHE_UNIT_BYTES, end = (begin + bytes - 1) / CACHE_UNIT_BYTES + 1;
    return (uint8_t)((1u << end) - (1u << first));
}

const uint8_t *cache_look(struct cache *cache, uint64_t offset, size_t *bytes)
{
    if (offset >= cache->bytes) {
        return NULL;
    }
    const uint64_t block = offset / CACHE_BLOCK_BYTES;
    const size_t begin = offset % CACHE_BLOCK_BYTES;
    const uint16_t index = get(cache, block);
    if (index == CACHE_NONE) {
        return NULL;
    }
    const uint8_t bad = (uint8_t)(cache->slots[index].bad >> begin / CACHE_UNIT_BYTES);
    if (bad & 1) {
        return NULL;
    }
    size_t end = slot_bytes(cache, block);
    if (bad != 0) {
        end = begin - begin % CACHE_UNIT_BYTES + __builtin_ctz(bad) * (size_t)CACHE_UNIT_BYTES;
    }
    *bytes = end - begin;
    return cache->pages[index] + begin;
}

bool cache_read(struct cache *cache, uint64_t offset, void *to, size_t bytes)
{
    if (offset > cache->bytes || bytes > cache->bytes - offset) {
        return false;
    }
    uint8_t *at = to;
    while (bytes > 0) {
        size_t rest;
        const uint8_t *const from = cache_look(cache, offset, &rest);
        if (from == NULL) {
            return false;
        }
        const size_t piece = bytes < rest ? bytes : rest;
        memcpy(at, from, piece);
        at += piece;
        offset += piece;
        bytes -= piece;
    }
    return true;
}

static void mark(struct cache *cache, struct cache_slot *slot, uint8_t units,
                 enum cache_class class)
{
    slot_count(cache, slot, false);
    for (int other = 0; other < CACHE_CLASSES; other++) {
        slot->dirty[other] &= (uint8_t)~units;
        slot->written[other] &= (uint8_t)~units;
    }
    slot->dirty[class] |= units;
    slot->bad &= (uint8_t)~units;
    slot->has_failed = false;
    slot_count(cache, slot, true);
}

/*
 * A block of which `bytes` from `begin` on are to be changed. Of its sectors those are
 * there that will keep something that means something.
 */
static uint16_t get_to_write(struct cache *cache, uint64_t block, size_t begin, size_t bytes,
                             enum cache_class class, bool is_last)
{
    const size_t sector_bytes = cache->disk->sector_bytes, end = begin + bytes;
    const size_t first = begin - begin % sector_bytes, last = end - end % sector_bytes;
    const uint8_t touched = units_of(first, (end == last ? end : last + sector_bytes) - first);
    uint16_t index = find_slot(cache, block);
    if (index == CACHE_NONE) {
        index = new_slot(cache, block, class == CACHE_DATA);
        if (index == CACHE_NONE) {
            return index;
        }
        memset(cache->pages[index], 0, CACHE_BLOCK_BYTES);
        cache->slots[index].missing = units_of(0, slot_bytes(cache, block));
    }
    struct cache_slot *const slot = &cache->slots[index];
    const uint8_t kept = (uint8_t)((begin > first ? units_of(first, 1) : 0) |
                                   (end > last && !is_last ? units_of(last, 1) : 0));
    if (slot->missing & kept) {
        complete(cache, index);
    }
    slot->missing &= (uint8_t)~touched;
    touch(cache, index);
    cache->last = index;
    return index;
}

bool cache_write(struct cache *cache, uint64_t offset, const void *from, size_t bytes,
                 enum cache_class class, bool is_last)
{
    if (offset > cache->bytes || bytes > cache->bytes - offset) {
        return false;
    }
    const uint8_t *at = from;
    while (bytes > 0) {
        const uint64_t block = offset / CACHE_BLOCK_BYTES;
        const size_t begin = offset % CACHE_BLOCK_BYTES, rest = CACHE_BLOCK_BYTES - begin;
        const size_t piece = bytes < rest ? bytes : rest;
        const uint16_t index =
            get_to_write(cache, block, begin, piece, class, is_last && piece == bytes);
        if (index == CACHE_NONE) {
            return false;
        }
        struct cache_slot *const slot = &cache->slots[index];
        const uint8_t units = units_of(begin, piece);
        if (slot->bad & units && (begin | piece) % CACHE_UNIT_BYTES != 0) {
            return false;
        }
        if (at == NULL) {
            memset(cache->pages[index] + begin, 0, piece);
        } else {
            memcpy(cache->pages[index] + begin, at, piece);
            at += piece;
        }
        mark(cache, slot, units, class);
        offset += piece;
        bytes -= piece;
    }
    return true;
}

bool cache_write_now(struct cache *cache, uint64_t offset, const void *from, size_t bytes)
{
    const uint8_t *at = from;
    while (bytes > 0) { /* in pieces, since what waits to be written takes room */
        const size_t piece = bytes < 16 * CACHE_BLOCK_BYTES ? bytes : 16 * CACHE_BLOCK_BYTES;
        if (!cache_write(cache, offset, at, piece, CACHE_NOW, false) ||
            !cache_write_back(cache, CACHE_NOW)) {
            return false;
        }
        at = at == NULL ? NULL : at + piece;
        offset += piece;
        bytes -= piece;
    }
    return true;
}

void cache_forget(struct cache *cache, uint64_t offset, uint64_t bytes)
{
    while (bytes > 0 && cache->dirty_data > 0) {
        const size_t begin = offset % CACHE_BLOCK_BYTES, rest = CACHE_BLOCK_BYTES - begin;
        const size_t piece = bytes < rest ? (size_t)bytes : rest;
        const uint16_t index = find_slot(cache, offset / CACHE_BLOCK_BYTES);
        if (index != CACHE_NONE) {
            struct cache_slot *const slot = &cache->slots[index];
            const uint8_t units = units_of(begin, piece) & slot->dirty[CACHE_DATA];
            slot_count(cache, slot, false);
            slot->dirty[CACHE_DATA] &= (uint8_t)~units;
            slot->missing |= units; /* the disk has something else */
            slot_count(cache, slot, true);
        }
        offset += piece;
        bytes -= piece;
    }
}
