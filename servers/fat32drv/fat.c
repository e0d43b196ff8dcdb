/*
 * Following chains, and changing entries.
 *
 * A loop is met by Brent's rule: keep one cluster in mind, each time twice as
 * many steps long; in a loop it comes by again.
 */
#include "fat.h"

#include "bytes.h"

#include <string.h>

#define RUN_BYTES 512 /* of entries that are changed at once */

/* Where a cluster's entry begins in a table, and the bits before it in that byte. */
static uint64_t entry_offset(const struct fat *fat, uint32_t cluster, unsigned *shift)
{
    const uint64_t bit = (uint64_t)cluster * fat->entry_bits;
    *shift = bit % 8;
    return bit / 8;
}

bool fat_get(struct fat *fat, uint32_t cluster, uint32_t *value)
{
    for (uint32_t i = 0; i < fat->link_count; i++) {
        if (fat->links[i].last == cluster) {
            *value = fat->links[i].first;
            return true;
        }
    }
    unsigned shift;
    const uint64_t offset = entry_offset(fat, cluster, &shift);
    uint8_t entry[4] = { 0 };
    if (!cache_read(fat->cache, fat->offset + offset, entry, fat->entry_bits == 32 ? 4 : 2)) {
        return false;
    }
    *value = fat->entry_bits == 12 ? get16(entry) >> shift & 0xfff : get32(entry) & 0x0fffffff;
    return true;
}

bool fat_set(struct fat *fat, uint32_t cluster, uint32_t value)
{
    unsigned shift;
    const uint64_t offset = entry_offset(fat, cluster, &shift);
    const size_t bytes = fat->entry_bits == 32 ? 4 : 2;
    const uint32_t mask = fat->entry_bits == 12   ? 0xfffu << shift
                          : fat->entry_bits == 16 ? 0xffff
                                                  : 0x0fffffff;
    uint8_t entry[4] = { 0 };
    if (!cache_read(fat->cache, fat->offset + offset, entry, bytes)) {
        return false;
    }
    put32(entry, (get32(entry) & ~mask) | (value << shift & mask));
    bool is_set = false;
    for (uint32_t copy = 0; copy < fat->copy_count; copy++) {
        const uint64_t table = fat->copies_offset + copy * fat->table_bytes;
        const bool done =
            cache_write(fat->cache, table + offset, entry, bytes, CACHE_TABLE, false);
        is_set |= done && table == fat->offset; /* a bad copy is no reason to stop */
    }
    return is_set;
}

bool fat_has_link(const struct fat *fat, uint32_t owner)
{
    for (uint32_t i = 0; i < fat->link_count; i++) {
        if (fat->links[i].owner == owner) {
            return true;
        }
    }
    return false;
}

bool fat_add_link(struct fat *fat, uint32_t owner, uint32_t last, uint32_t first)
{
    if (fat->link_count == FAT_LINKS) {
        return false;
    }
    fat->links[fat->link_count++] = (struct fat_link){ owner, last, first };
    return true;
}

bool fat_set_links(struct fat *fat)
{
    bool is_done = true;
    for (uint32_t i = 0; i < fat->link_count; i++) {
        is_done &= fat_set(fat, fat->links[i].last, fat->links[i].first);
    }
    fat->link_count = is_done ? 0 : fat->link_count;
    return is_done;
}

/* An entry in place, in its 2 or 4 bytes: its value, and changing it. */
static uint32_t get_entry(const struct fat *fat, const uint8_t *entry)
{
    return fat->entry_bits == 16 ? get16(entry) : get32(entry) & 0x0fffffff;
}

static void put_entry(const struct fat *fat, uint8_t *entry, uint32_t value)
{
    if (fat->entry_bits == 16) {
        put16(entry, value & 0xffff);
    } else {
        put32(entry, (get32(entry) & ~0x0fffffffu) | value);
    }
}

/* As fat_set, for as many entries as a buffer takes; `next` follows the last one. */
static bool set_some(struct fat *fat, uint32_t cluster, uint32_t count, uint32_t next)
{
    uint8_t entries[RUN_BYTES];
    const size_t size = fat->entry_bits / 8, bytes = count * size;
    const uint64_t offset = (uint64_t)cluster * size;
    if (!cache_read(fat->cache, fat->offset + offset, entries, bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        put_entry(fat, entries + i * size, i + 1 < count ? cluster + i + 1 : next);
    }
    bool is_set = false;
    for (uint32_t copy = 0; copy < fat->copy_count; copy++) {
        const uint64_t table = fat->copies_offset + copy * fat->table_bytes;
        const bool done =
            cache_write(fat->cache, table + offset, entries, bytes, CACHE_TABLE, false);
        is_set |= done && table == fat->offset;
    }
    return is_set;
}

bool fat_set_run(struct fat *fat, uint32_t cluster, uint32_t count)
{
    const uint32_t most = fat->entry_bits == 12 ? 1 : RUN_BYTES / (fat->entry_bits / 8);
    bool is_set = true;
    while (is_set && count > 0) {
        const uint32_t some = count < most ? count : most;
        const uint32_t next = some < count ? cluster + some : FAT_LAST;
        is_set = fat->entry_bits == 12 ? fat_set(fat, cluster, next)
                                       : set_some(fat, cluster, some, next);
        cluster += some;
        count -= some;
    }
    return is_set;
}

uint32_t fat_count_run(struct fat *fat, uint32_t cluster, uint32_t max, bool is_free)
{
    const size_t size = fat->entry_bits / 8;
    uint32_t run = 0, value;
    while (run < max) {
        size_t bytes;
        const uint64_t offset = (uint64_t)(cluster + run) * size;
        const uint8_t *entry = fat->entry_bits == 12
                                   ? NULL
                                   : cache_look(fat->cache, fat->offset + offset, &bytes);
        if (entry == NULL) {
            if (fat->entry_bits != 12 || !fat_get(fat, cluster + run, &value) ||
                (value == FAT_FREE) != is_free) {
                return run;
            }
            run++;
            continue;
        }
        for (; bytes >= size && run < max; bytes -= size, entry += size) {
            if ((get_entry(fat, entry) == FAT_FREE) != is_free) {
                return run;
            }
            run++;
        }
    }
    return run;
}

/* What the table says about a cluster: the next one, or how the chain ends. */
static enum fat_answer next_cluster(struct fat *fat, uint32_t cluster, uint32_t *next)
{
    const uint32_t end = fat->entry_bits == 12   ? 0xff8
                         : fat->entry_bits == 16 ? 0xfff8
                                                 : 0x0ffffff8;
    if (!fat_get(fat, cluster, next)) {
        return FAT_BROKEN;
    }
    if (*next >= end) {
        return FAT_END;
    }
    return *next < FAT_FIRST_CLUSTER || *next - FAT_FIRST_CLUSTER >= fat->cluster_count ? FAT_BROKEN
                                                                                      : FAT_OK;
}

static void restart(struct fat_chain *chain)
{
    chain->run_count = 1;
    chain->runs[0] = (struct fat_run){ 0, chain->first, 1 };
    chain->mark = chain->first;
    chain->steps = 0;
    chain->steps_max = 1;
}

static struct fat_chain *chain_of(struct fat *fat, uint32_t first)
{
    struct fat_chain *oldest = &fat->chains[0];
    for (struct fat_chain *chain = fat->chains; chain < fat->chains + FAT_CHAINS; chain++) {
        if (chain->first == first) {
            chain->used = ++fat->clock;
            return chain;
        }
        if (chain->used < oldest->used) {
            oldest = chain;
        }
    }
    oldest->first = first;
    oldest->used = ++fat->clock;
    restart(oldest);
    return oldest;
}

/* Put one more cluster behind the last one. */
static void append(struct fat_chain *chain, uint32_t cluster)
{
    struct fat_run *last = &chain->runs[chain->run_count - 1];
    if (cluster == last->cluster + last->count) {
        last->count++;
        return;
    }
    const uint32_t index = last->index + last->count;
    if (chain->run_count == FAT_RUNS) {
        memmove(chain->runs, chain->runs + FAT_RUNS / 2, sizeof chain->runs / 2);
        chain->run_count = FAT_RUNS / 2;
    }
    chain->runs[chain->run_count++] = (struct fat_run){ index, cluster, 1 };
}

/* Go one cluster further than the chain is known. */
static enum fat_answer extend(struct fat *fat, struct fat_chain *chain)
{
    const struct fat_run *const last = &chain->runs[chain->run_count - 1];
    uint32_t next;
    const enum fat_answer answer = next_cluster(fat, last->cluster + last->count - 1, &next);
    if (answer != FAT_OK) {
        return answer;
    }
    if (next == chain->mark) {
        return FAT_BROKEN;
    }
    if (++chain->steps == chain->steps_max) {
        chain->mark = next;
        chain->steps = 0;
        chain->steps_max *= 2;
    }
    append(chain, next);
    return FAT_OK;
}

/* The run that has cluster number `index`, or the last one if that is behind it. */
static const struct fat_run *run_with(const struct fat_chain *chain, uint32_t index)
{
    const struct fat_run *run = &chain->runs[chain->run_count - 1];
    while (index < run->index) {
        run--;
    }
    return run;
}

enum fat_answer fat_find(struct fat *fat, uint32_t first, uint32_t index, uint32_t count,
                         struct fat_run *found)
{
    if (first < FAT_FIRST_CLUSTER || first - FAT_FIRST_CLUSTER >= fat->cluster_count) {
        return FAT_BROKEN;
    }
    struct fat_chain *const chain = chain_of(fat, first);
    if (index < chain->runs[0].index) {
        restart(chain);
    }
    for (;;) {
        const struct fat_run *const run = run_with(chain, index);
        const uint32_t skipped = index - run->index;
        const uint32_t known = skipped < run->count ? run->count - skipped : 0;
        const bool is_last = run == &chain->runs[chain->run_count - 1];
        const enum fat_answer answer = known < count && is_last ? extend(fat, chain) : FAT_END;
        if (answer == FAT_OK) {
            continue;
        }
        if (known == 0) {
            return answer;
        }
        *found = (struct fat_run){ index, run->cluster + skipped, known < count ? known : count };
        return FAT_OK;
    }
}

enum fat_answer fat_check_end(struct fat *fat, uint32_t first)
{
    struct fat_run found;
    return fat_find(fat, first, UINT32_MAX, 1, &found);
}

enum fat_answer fat_find_last(struct fat *fat, uint32_t first, uint32_t *last, uint32_t *count)
{
    const enum fat_answer answer = fat_check_end(fat, first);
    if (answer != FAT_END) {
        return answer;
    }
    const struct fat_chain *const chain = chain_of(fat, first);
    const struct fat_run *const run = &chain->runs[chain->run_count - 1];
    *last = run->cluster + run->count - 1;
    *count = run->index + run->count;
    return FAT_OK;
}

void fat_forget(struct fat *fat, uint32_t first)
{
    for (struct fat_chain *chain = fat->chains; chain < fat->chains + FAT_CHAINS; chain++) {
        if (chain->first == first) {
            chain->first = 0;
            chain->used = 0;
        }
    }
}
