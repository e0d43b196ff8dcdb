/* Reading directories: a row of 32-byte entries, some of which carry names only. */
#include "directory.h"

#include "bytes.h"
#include "date.h"
#include "index.h"
#include "utf8.h"

#include <string.h>

#define ATTRIBUTES 0x3f
#define ATTRIBUTE_LONG_NAME 0x0f /* read-only, hidden, system and volume together */

struct node directory_root(void)
{
    return (struct node){ .is_root = true, .attributes = ATTRIBUTE_DIRECTORY };
}

uint32_t directory_id(const struct volume *volume, const struct node *directory)
{
    return !directory->is_root             ? directory->first_cluster
           : volume->root_entries != 0 ? 0
                                       : volume->root_cluster;
}

enum directory_answer directory_locate(struct volume *volume, const struct node *directory,
                                       uint32_t position, uint64_t *found)
{
    uint64_t offset = (uint64_t)position * NAME_ENTRY_BYTES;
    if (directory->is_root && volume->root_entries != 0) {
        *found = volume->root_offset + offset;
        return position < volume->root_entries ? DIRECTORY_OK : DIRECTORY_END;
    }
    if (position >= DIRECTORY_ENTRIES_MAX) {
        return DIRECTORY_BROKEN;
    }
    const uint32_t first = directory_id(volume, directory);
    const uint32_t index = (uint32_t)(offset / volume->cluster_bytes);
    struct fat_run run;
    const enum fat_answer answer = fat_find(&volume->fat, first, index, 1, &run);
    if (answer != FAT_OK) {
        return answer == FAT_END ? DIRECTORY_END : DIRECTORY_BROKEN;
    }
    *found = volume_cluster_offset(volume, run.cluster) + offset % volume->cluster_bytes;
    return DIRECTORY_OK;
}

/* Read the raw entry at a position. */
static enum directory_answer read_entry(struct volume *volume, const struct node *directory,
                                        uint32_t position, uint8_t raw[NAME_ENTRY_BYTES],
                                        uint64_t *offset)
{
    const enum directory_answer answer = directory_locate(volume, directory, position, offset);
    if (answer != DIRECTORY_OK) {
        return answer;
    }
    return cache_read(volume->cache, *offset, raw, NAME_ENTRY_BYTES) ? DIRECTORY_OK
                                                                     : DIRECTORY_BROKEN;
}

static struct node node_from(const struct volume *volume, const uint8_t raw[NAME_ENTRY_BYTES],
                             uint64_t offset)
{
    struct node node = {
        .entry = offset,
        .attributes = raw[11] & ATTRIBUTES,
        .first_cluster = get16(raw + 26),
        .bytes = raw[11] & ATTRIBUTE_DIRECTORY ? 0 : get32(raw + 28),
        .modified = date_seconds(get16(raw + 24), get16(raw + 22)),
    };
    if (volume->fat.entry_bits == 32) {
        node.first_cluster |= (uint32_t)get16(raw + 20) << 16;
    }
    return node;
}

static bool is_dots(const uint8_t raw[NAME_ENTRY_BYTES])
{
    return memcmp(raw, ".          ", 11) == 0 || memcmp(raw, "..         ", 11) == 0;
}

enum directory_answer directory_next(struct volume *volume, const struct node *directory,
                                     uint32_t *position, struct entry *entry)
{
    struct long_name long_name = { 0 };
    uint32_t first = *position;
    for (;;) {
        uint8_t raw[NAME_ENTRY_BYTES];
        uint64_t offset;
        const enum directory_answer answer =
            read_entry(volume, directory, *position, raw, &offset);
        if (answer != DIRECTORY_OK) {
            return answer;
        }
        if (raw[0] == ENTRY_END) {
            return DIRECTORY_END;
        }
        entry->position = (*position)++;
        if (raw[0] == ENTRY_DELETED) {
            long_name.parts = 0;
        } else if ((raw[11] & ATTRIBUTES) == ATTRIBUTE_LONG_NAME) {
            first = long_name_begins(raw) ? entry->position : first;
            long_name_add(&long_name, raw);
        } else if (raw[11] & ATTRIBUTE_VOLUME || is_dots(raw)) {
            long_name.parts = 0;
        } else {
            name_from_short(entry->alias, raw);
            entry->first = first;
            if (!long_name_take(&long_name, raw, entry->name)) {
                strcpy(entry->name, entry->alias);
                entry->first = entry->position;
            }
            if (entry->name[0] != '\0') {
                entry->node = node_from(volume, raw, offset);
                return DIRECTORY_OK;
            }
        }
    }
}

/* Index a directory that was found to be large. */
static void make_index(struct volume *volume, const struct node *directory)
{
    static struct entry entry;
    struct index *const index = index_begin(volume, directory_id(volume, directory));
    enum directory_answer answer;
    bool has_room = true;
    for (uint32_t position = 0; has_room && (answer = directory_next(volume, directory, &position,
                                                                     &entry)) == DIRECTORY_OK;) {
        const uint32_t hash = index_hash(entry.name), alias = index_hash(entry.alias);
        has_room = index_add(index, hash, entry.first) &&
                   (alias == hash || index_add(index, alias, entry.first));
    }
    if (has_room && answer != DIRECTORY_END) {
        index_forget(volume, index->directory);
    }
}

/* Whether an entry has a name: 2 if it is spelled so, 1 but for case, 0 if not at all. */
static int match(const struct entry *entry, const char *name)
{
    return strcmp(entry->name, name) == 0                                        ? 2
           : utf8_equal(entry->name, name) || utf8_equal(entry->alias, name) ? 1
                                                                                 : 0;
}

static enum directory_answer find_indexed(struct volume *volume, const struct node *directory,
                                          const struct index *index, const char *name,
                                          struct entry *found)
{
    static struct entry entry;
    const uint32_t hash = index_hash(name);
    int best = 0;
    uint32_t cursor = 0, position;
    while (best < 2 && index_next(index, hash, &cursor, &position)) {
        if (directory_next(volume, directory, &position, &entry) != DIRECTORY_OK) {
            return DIRECTORY_BROKEN;
        }
        const int matched = match(&entry, name);
        if (matched > best) {
            best = matched;
            *found = entry;
        }
    }
    return best > 0 ? DIRECTORY_OK : DIRECTORY_END;
}

enum directory_answer directory_find(struct volume *volume, const struct node *directory,
                                     const char *name, struct entry *found)
{
    static struct entry entry;
    const struct index *const index = index_of(volume, directory_id(volume, directory));
    if (index != NULL) {
        return find_indexed(volume, directory, index, name, found);
    }
    int best = 0;
    uint32_t count = 0, position = 0;
    while (best < 2) {
        const enum directory_answer answer = directory_next(volume, directory, &position, &entry);
        if (answer != DIRECTORY_OK) {
            if (answer == DIRECTORY_END && count >= INDEX_ENTRIES_MIN &&
                count <= INDEX_NAMES_MAX / 2) {
                make_index(volume, directory);
            }
            return best > 0 ? DIRECTORY_OK : answer;
        }
        count++;
        const int matched = match(&entry, name);
        if (matched > best) {
            best = matched;
            *found = entry;
        }
    }
    return DIRECTORY_OK;
}

void directory_find_label(struct volume *volume)
{
    const struct node root = directory_root();
    uint8_t raw[NAME_ENTRY_BYTES];
    uint64_t offset;
    for (uint32_t position = 0;; position++) {
        if (read_entry(volume, &root, position, raw, &offset) != DIRECTORY_OK ||
            raw[0] == ENTRY_END) {
            return;
        }
        if (raw[0] != ENTRY_DELETED && (raw[11] & ATTRIBUTES) != ATTRIBUTE_LONG_NAME &&
            raw[11] & ATTRIBUTE_VOLUME) {
            name_from_label(volume->label, raw);
            return;
        }
    }
}
