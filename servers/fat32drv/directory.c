/* Reading directories: a row of 32-byte entries, some of which carry names only. */
#include "directory.h"

#include "bytes.h"
#include "utf8.h"

#include <string.h>

#define ENTRY_END 0x00
#define ENTRY_DELETED 0xe5
#define ATTRIBUTES 0x3f
#define ATTRIBUTE_LONG_NAME 0x0f /* read-only, hidden, system and volume together */

struct node directory_root(void)
{
    return (struct node){ .is_root = true, .attributes = ATTRIBUTE_DIRECTORY };
}

/* Read the raw entry at a position. */
static enum directory_answer read_entry(struct volume *volume, const struct node *directory,
                                        uint32_t position, uint8_t raw[NAME_ENTRY_BYTES])
{
    uint64_t offset = (uint64_t)position * NAME_ENTRY_BYTES;
    if (directory->is_root && volume->root_entries != 0) {
        if (position >= volume->root_entries) {
            return DIRECTORY_END;
        }
        offset += volume->root_offset;
    } else {
        if (position >= DIRECTORY_ENTRIES_MAX) {
            return DIRECTORY_BROKEN;
        }
        const uint32_t first = directory->is_root ? volume->root_cluster : directory->first_cluster;
        const uint32_t index = (uint32_t)(offset / volume->cluster_bytes);
        struct fat_run run;
        const enum fat_answer answer = fat_find(&volume->fat, first, index, 1, &run);
        if (answer != FAT_OK) {
            return answer == FAT_END ? DIRECTORY_END : DIRECTORY_BROKEN;
        }
        offset = volume_cluster_offset(volume, run.cluster) + offset % volume->cluster_bytes;
    }
    return cache_read(volume->cache, offset, raw, NAME_ENTRY_BYTES) ? DIRECTORY_OK
                                                                    : DIRECTORY_BROKEN;
}

/* Days from 1 January 1970 to a day of the Gregorian calendar. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) { /* count years from March, so that the leap day is the last */
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day - 719469;
}

/* A date and a time in two 16-bit words (6.4), as seconds since 1970; 0 if they are none. */
static int64_t time_from(uint16_t date, uint16_t time)
{
    const int day = date & 31, month = date >> 5 & 15, year = 1980 + (date >> 9);
    const int hour = time >> 11, minute = time >> 5 & 63, second = 2 * (time & 31);
    if (day < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
        return 0;
    }
    return ((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

static struct node node_from(const struct volume *volume, const uint8_t raw[NAME_ENTRY_BYTES])
{
    struct node node = {
        .attributes = raw[11] & ATTRIBUTES,
        .first_cluster = get16(raw + 26),
        .bytes = raw[11] & ATTRIBUTE_DIRECTORY ? 0 : get32(raw + 28),
        .modified = time_from(get16(raw + 24), get16(raw + 22)),
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
    for (;;) {
        uint8_t raw[NAME_ENTRY_BYTES];
        const enum directory_answer answer = read_entry(volume, directory, *position, raw);
        if (answer != DIRECTORY_OK) {
            return answer;
        }
        if (raw[0] == ENTRY_END) {
            return DIRECTORY_END;
        }
        ++*position;
        if (raw[0] == ENTRY_DELETED) {
            long_name.parts = 0;
        } else if ((raw[11] & ATTRIBUTES) == ATTRIBUTE_LONG_NAME) {
            long_name_add(&long_name, raw);
        } else if (raw[11] & ATTRIBUTE_VOLUME || is_dots(raw)) {
            long_name.parts = 0;
        } else {
            name_from_short(entry->alias, raw);
            if (!long_name_take(&long_name, raw, entry->name)) {
                strcpy(entry->name, entry->alias);
            }
            if (entry->name[0] != '\0') {
                entry->node = node_from(volume, raw);
                return DIRECTORY_OK;
            }
        }
    }
}

enum directory_answer directory_find(struct volume *volume, const struct node *directory,
                                     const char *name, struct node *found)
{
    enum directory_answer result = DIRECTORY_END;
    struct entry entry;
    for (uint32_t position = 0;;) {
        const enum directory_answer answer = directory_next(volume, directory, &position, &entry);
        if (answer != DIRECTORY_OK) {
            return result == DIRECTORY_OK ? result : answer;
        }
        if (strcmp(entry.name, name) == 0) {
            *found = entry.node;
            return DIRECTORY_OK;
        }
        if (result != DIRECTORY_OK &&
            (utf8_equal(entry.name, name) || utf8_equal(entry.alias, name))) {
            *found = entry.node;
            result = DIRECTORY_OK;
        }
    }
}

void directory_find_label(struct volume *volume)
{
    const struct node root = directory_root();
    uint8_t raw[NAME_ENTRY_BYTES];
    for (uint32_t position = 0;; position++) {
        if (read_entry(volume, &root, position, raw) != DIRECTORY_OK || raw[0] == ENTRY_END) {
            return;
        }
        if (raw[0] != ENTRY_DELETED && (raw[11] & ATTRIBUTES) != ATTRIBUTE_LONG_NAME &&
            raw[11] & ATTRIBUTE_VOLUME) {
            name_from_label(volume->label, raw);
            return;
        }
    }
}
