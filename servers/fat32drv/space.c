/* Free clusters: next fit, so that files that grow one after the other lie side by side. */
#include "space.h"

#include "bytes.h"
#include "commit.h"

#include <string.h>

#define LINKED_AT_ONCE 4096 /* clusters, before there must be room for more */

/* The FSInfo sector (5). */
#define INFO_LEAD 0x41615252u
#define INFO_SIGNATURE 0x61417272u
#define INFO_BYTES 512
#define INFO_FREE 488
#define INFO_NEXT 492

static uint32_t cluster_end(const struct volume *volume)
{
    return FAT_FIRST_CLUSTER + volume->fat.cluster_count;
}

static bool read_info(const struct volume *volume, uint8_t info[INFO_BYTES])
{
    return volume->info_offset != 0 &&
           cache_read(volume->cache, volume->info_offset, info, INFO_BYTES) &&
           get32(info) == INFO_LEAD && get32(info + 484) == INFO_SIGNATURE;
}

void space_count(struct volume *volume)
{
    uint8_t info[INFO_BYTES];
    if (volume->is_counted || !read_info(volume, info)) {
        return;
    }
    volume->next_free = get32(info + INFO_NEXT);
    volume->free_count = get32(info + INFO_FREE);
    volume->is_counted = true;
    if (!volume->was_dirty && volume->free_count <= volume->fat.cluster_count) {
        return;
    }
    volume->free_count = 0;
    const uint32_t end = cluster_end(volume);
    for (uint32_t cluster = FAT_FIRST_CLUSTER; cluster < end; cluster++) {
        const uint32_t run = fat_count_run(&volume->fat, cluster, end - cluster, true);
        volume->free_count += run;
        cluster += run; /* and the one behind, which is not free or cannot be read */
    }
}

/*
 * How many clusters from one on can be taken. An entry of FAT12 may lie in two sectors,
 * which no write changes together: those are never taken.
 */
static uint32_t count_free(struct volume *volume, uint32_t cluster, uint32_t max)
{
    if (volume->fat.entry_bits != 12) {
        return fat_count_run(&volume->fat, cluster, max, true);
    }
    const uint32_t sector_bytes = volume->cache->disk->sector_bytes;
    uint32_t run = 0;
    while (run < max && ((cluster + run) * 12 / 8 + 1) % sector_bytes != 0 &&
           fat_count_run(&volume->fat, cluster + run, 1, true) == 1) {
        run++;
    }
    return run;
}

/* Find free clusters side by side, from `near` on and then from the start; 0 if there are none. */
static uint32_t find(struct volume *volume, uint32_t near, uint32_t max, uint32_t *count)
{
    const uint32_t end = cluster_end(volume);
    uint32_t cluster = near;
    for (uint64_t left = (uint64_t)volume->fat.cluster_count + 1; left > 0;) {
        if (cluster < FAT_FIRST_CLUSTER || cluster >= end) {
            cluster = FAT_FIRST_CLUSTER;
        }
        const uint32_t rest = end - cluster;
        *count = count_free(volume, cluster, max < rest ? max : rest);
        if (*count > 0) {
            return cluster;
        }
        const uint32_t used = fat_count_run(&volume->fat, cluster, rest, false);
        const uint32_t skipped = used > 0 ? used : 1; /* it cannot be read, or is in two sectors */
        cluster += skipped;
        left -= skipped < left ? skipped : left;
    }
    return 0;
}

/* A long chain has more of the table than the cache: as nothing names it, it can be written now. */
static bool make_room(struct volume *volume)
{
    struct cache *const cache = volume->cache;
    return cache->dirty_metadata < CACHE_SLOTS / 4 ||
           (cache_flush(cache) && cache_write_back(cache, CACHE_TABLE));
}

/* Make a chain of clusters that lie side by side. */
static bool link_run(struct volume *volume, uint32_t cluster, uint32_t count)
{
    while (count > LINKED_AT_ONCE) {
        if (!make_room(volume) || !fat_set_run(&volume->fat, cluster, LINKED_AT_ONCE) ||
            !fat_set(&volume->fat, cluster + LINKED_AT_ONCE - 1, cluster + LINKED_AT_ONCE)) {
            return false;
        }
        cluster += LINKED_AT_ONCE;
        count -= LINKED_AT_ONCE;
    }
    return make_room(volume) && fat_set_run(&volume->fat, cluster, count);
}

/* Free a chain in the cache, up to its end or to where it is damaged. */
static bool free_chain(struct volume *volume, uint32_t first)
{
    uint32_t cluster = first;
    fat_forget(&volume->fat, first);
    for (uint32_t left = volume->fat.cluster_count; left > 0; left--) {
        uint32_t next;
        if (cluster < FAT_FIRST_CLUSTER || cluster >= cluster_end(volume) ||
            !fat_get(&volume->fat, cluster, &next) || next == FAT_FREE) {
            break; /* its end, or damage */
        }
        if (!make_room(volume) || !fat_set(&volume->fat, cluster, FAT_FREE)) {
            return false;
        }
        cache_forget(volume->cache, volume_cluster_offset(volume, cluster),
                     volume->cluster_bytes);
        volume->free_count++;
        volume->is_full = false;
        cluster = next;
    }
    return true;
}

static bool take(struct volume *volume, uint32_t near, uint32_t count, uint32_t *first)
{
    uint32_t last = 0;
    *first = 0;
    if (volume->is_full || (volume->is_counted && volume->free_count < count)) {
        return false;
    }
    for (uint32_t left = count; left > 0;) {
        uint32_t run;
        const uint32_t cluster = find(volume, last != 0 ? last + 1 : near, left, &run);
        const bool is_linked = cluster != 0 && link_run(volume, cluster, run) &&
                               (last == 0 || fat_set(&volume->fat, last, cluster));
        if (!is_linked) {
            if (*first != 0) {
                free_chain(volume, *first);
            }
            volume->is_full = cluster == 0 && *first == 0;
            return false;
        }
        *first = *first == 0 ? cluster : *first;
        last = cluster + run - 1;
        left -= run;
        volume->free_count -= run;
    }
    volume->next_free = last + 1;
    return true;
}

bool space_take(struct volume *volume, uint32_t near, uint32_t count, uint32_t *first)
{
    const uint32_t from = near != 0 ? near : volume->next_free;
    if (take(volume, from, count, first)) {
        return true;
    }
    return volume->freed_count > 0 && commit_run(volume) && take(volume, from, count, first);
}

/* The sector of the table that a cluster's entry is in. */
static uint64_t table_sector(const struct volume *volume, uint32_t cluster)
{
    const uint64_t offset = (uint64_t)cluster * volume->fat.entry_bits / 8;
    return (volume->fat.offset + offset) / volume->cache->disk->sector_bytes;
}

bool space_append(struct volume *volume, uint32_t owner, uint32_t last, uint32_t first)
{
    if (fat_has_link(&volume->fat, owner)) {
        return fat_set(&volume->fat, last, first); /* the medium's chain does not lead there yet */
    }
    uint32_t cluster = first;
    while (cluster < cluster_end(volume) &&
           table_sector(volume, cluster) == table_sector(volume, last)) {
        if (!fat_get(&volume->fat, cluster, &cluster)) {
            return false;
        }
    }
    const bool is_together = cluster >= cluster_end(volume); /* its end: one write does all */
    if (is_together) {
        return fat_set(&volume->fat, last, first);
    }
    return fat_add_link(&volume->fat, owner, last, first) ||
           (commit_run(volume) && fat_add_link(&volume->fat, owner, last, first));
}

bool space_give(struct volume *volume, uint32_t first, uint32_t cut)
{
    if (volume->freed_count == VOLUME_FREES && !commit_run(volume)) {
        return false;
    }
    volume->freed[volume->freed_count++] = (struct freed){ first, cut };
    return true;
}

bool space_free(struct volume *volume)
{
    bool is_done = true;
    for (uint32_t i = 0; i < volume->freed_count; i++) {
        const struct freed *const freed = &volume->freed[i];
        if (freed->cut != 0) {
            is_done &= fat_set(&volume->fat, freed->cut, FAT_LAST);
        }
        is_done &= free_chain(volume, freed->first);
    }
    volume->freed_count = 0;
    return is_done;
}

bool space_write_info(struct volume *volume)
{
    uint8_t info[INFO_BYTES];
    if (!volume->is_counted || !read_info(volume, info)) {
        return true; /* a volume without it is none the worse */
    }
    put32(info + INFO_FREE, volume->free_count);
    put32(info + INFO_NEXT, volume->next_free < cluster_end(volume) ? volume->next_free
                                                                    : FAT_FIRST_CLUSTER);
    return cache_write_now(volume->cache, volume->info_offset, info, sizeof info);
}

bool space_is_fresh(struct volume *volume, uint32_t first)
{
    volume_follow_commits(volume);
    for (uint32_t i = 0; i < volume->fresh_count; i++) {
        if (volume->fresh[i] == first) {
            return true;
        }
    }
    return false;
}

void space_set_fresh(struct volume *volume, uint32_t first)
{
    volume_follow_commits(volume);
    if (volume->fresh_count < VOLUME_FRESH) {
        volume->fresh[volume->fresh_count++] = first; /* else it counts as old, which is no harm */
    }
}
