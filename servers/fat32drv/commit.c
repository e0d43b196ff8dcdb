/* Commits, and the mark of a volume that is being changed. */
#include "commit.h"

#include "bytes.h"
#include "space.h"

#define METADATA_MAX (CACHE_SLOTS / 4) /* blocks that have to wait for a commit */
#define CLEAN_16 0x8000u               /* in the table's second entry */
#define CLEAN_32 0x08000000u

static uint32_t clean_bit(const struct volume *volume)
{
    return volume->fat.entry_bits == 32 ? CLEAN_32 : volume->fat.entry_bits == 16 ? CLEAN_16 : 0;
}

void commit_open(struct volume *volume, bool flag)
{
    const uint32_t clean = clean_bit(volume);
    uint32_t value = 0;
    const bool is_known = clean != 0 && fat_get(&volume->fat, 1, &value);
    volume->was_dirty = flag || (is_known && (value & clean) == 0);
}

/* Set or clear the marks, at once. */
static bool mark(struct volume *volume, bool is_dirty)
{
    const struct fat *const fat = &volume->fat;
    const uint32_t clean = clean_bit(volume), bytes = fat->entry_bits == 32 ? 4 : 2;
    bool is_done = true;
    if (volume->was_dirty) {
        return true;
    }
    for (uint32_t copy = 0; clean != 0 && copy < fat->copy_count; copy++) {
        const uint64_t at = fat->copies_offset + copy * fat->table_bytes + bytes;
        uint8_t entry[4] = { 0 };
        is_done &= cache_read(fat->cache, at, entry, bytes);
        put32(entry, is_dirty ? get32(entry) & ~clean : get32(entry) | clean);
        is_done &= cache_write_now(fat->cache, at, entry, bytes);
    }
    uint8_t flag;
    if (volume->flag_offset != 0) {
        is_done &= cache_read(fat->cache, volume->flag_offset, &flag, 1);
        flag = is_dirty ? flag | 1 : flag & 0xfe;
        is_done &= cache_write_now(fat->cache, volume->flag_offset, &flag, 1);
    }
    return is_done;
}

bool commit_begin(struct volume *volume)
{
    if (volume->is_protected) {
        return false;
    }
    if (!volume->is_dirty) {
        if (!mark(volume, true) || !cache_flush(volume->cache)) {
            return false;
        }
        volume->is_dirty = true;
        space_count(volume);
    }
    return volume->cache->dirty_metadata <= METADATA_MAX || commit_run(volume);
}

/* Chains that were on the medium already get longer. */
static bool write_links(struct volume *volume)
{
    struct cache *const cache = volume->cache;
    return volume->fat.link_count == 0 ||
           (fat_set_links(&volume->fat) && cache_write_back(cache, CACHE_TABLE) &&
            cache_flush(cache));
}

bool commit_run(struct volume *volume)
{
    struct cache *const cache = volume->cache;
    cache_write_back(cache, CACHE_DATA); /* commit_has_failed */
    if (!cache_write_back(cache, CACHE_NOW) || !cache_flush(cache) ||
        !cache_write_back(cache, CACHE_TABLE) || !cache_flush(cache) || !write_links(volume) ||
        !cache_write_back(cache, CACHE_ENTRIES) || !cache_flush(cache)) {
        return false;
    }
    cache->commits++;
    return space_free(volume) && cache_write_back(cache, CACHE_TABLE);
}

bool commit_has_failed(const struct volume *volume)
{
    return volume->cache->dirty_data > 0;
}

bool commit_sync(struct volume *volume)
{
    struct cache *const cache = volume->cache;
    if (!volume->is_dirty) {
        return cache_write_back(cache, CACHE_NOW) && cache_flush(cache);
    }
    if (!commit_run(volume) || commit_has_failed(volume) || !space_write_info(volume)) {
        return false;
    }
    if (!mark(volume, false) || !cache_flush(cache)) {
        mark(volume, true); /* or else the next try would begin by saying that all is well */
        return false;
    }
    volume->is_dirty = false;
    return true;
}

bool commit_is_due(const struct volume *volume)
{
    return volume->is_dirty;
}
