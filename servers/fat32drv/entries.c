/* Making, changing and removing the entries of a directory. */
#include "entries.h"

#include "bytes.h"
#include "commit.h"
#include "date.h"
#include "index.h"
#include "room.h"

#include <string.h>

/* Fields of an entry (6). */
#define AT_ATTRIBUTES 11
#define AT_CREATED_HUNDREDTHS 13
#define AT_CREATED_TIME 14
#define AT_CREATED_DATE 16
#define AT_ACCESSED_DATE 18
#define AT_CLUSTER_UPPER 20
#define AT_WRITTEN_TIME 22
#define AT_WRITTEN_DATE 24
#define AT_CLUSTER 26
#define AT_BYTES 28

static bool put(struct volume *volume, uint64_t offset, const void *from, size_t bytes)
{
    return cache_write(volume->cache, offset, from, bytes, CACHE_ENTRIES, false);
}

static void put_node(const struct volume *volume, const struct node *node,
                     uint8_t raw[NAME_ENTRY_BYTES])
{
    raw[AT_ATTRIBUTES] = node->attributes;
    put16(raw + AT_CLUSTER, node->first_cluster & 0xffff);
    if (volume->fat.entry_bits == 32) {
        put16(raw + AT_CLUSTER_UPPER, node->first_cluster >> 16);
    }
    put32(raw + AT_BYTES, node->bytes);
}

static void put_written(uint8_t raw[NAME_ENTRY_BYTES], int64_t time)
{
    const struct date date = date_from(time);
    put16(raw + AT_WRITTEN_TIME, date.time);
    put16(raw + AT_WRITTEN_DATE, date.date);
    put16(raw + AT_ACCESSED_DATE, date.date);
}

void entries_stamp(uint8_t raw[NAME_ENTRY_BYTES])
{
    const int64_t now = date_now();
    const struct date date = date_from(now);
    memset(raw, 0, NAME_ENTRY_BYTES);
    put_written(raw, now);
    raw[AT_CREATED_HUNDREDTHS] = date.hundredths;
    put16(raw + AT_CREATED_TIME, date.time);
    put16(raw + AT_CREATED_DATE, date.date);
}

bool entries_read(struct volume *volume, const struct node *node, uint8_t raw[NAME_ENTRY_BYTES])
{
    return cache_read(volume->cache, node->entry, raw, NAME_ENTRY_BYTES);
}

enum entries_answer entries_update(struct volume *volume, struct node *node, bool written)
{
    uint8_t raw[NAME_ENTRY_BYTES];
    if (!entries_read(volume, node, raw)) {
        return ENTRIES_BROKEN;
    }
    put_node(volume, node, raw);
    if (written) {
        put_written(raw, date_now());
        node->modified = date_seconds(get16(raw + AT_WRITTEN_DATE), get16(raw + AT_WRITTEN_TIME));
    }
    return put(volume, node->entry, raw, sizeof raw) ? ENTRIES_OK : ENTRIES_BROKEN;
}

enum entries_answer entries_set_time(struct volume *volume, const struct node *node, int64_t time)
{
    uint8_t raw[NAME_ENTRY_BYTES];
    if (!entries_read(volume, node, raw)) {
        return ENTRIES_BROKEN;
    }
    put_written(raw, time);
    return put(volume, node->entry, raw, sizeof raw) ? ENTRIES_OK : ENTRIES_BROKEN;
}

/* Write a name into its room. */
static enum entries_answer write_name(struct volume *volume, const struct node *directory,
                                      const struct new_name *name, const struct room *room,
                                      const uint8_t raw[NAME_ENTRY_BYTES], struct node *node)
{
    uint64_t offset = 0;
    for (uint32_t i = 0; i < room->slots; i++) {
        uint8_t entry[NAME_ENTRY_BYTES];
        if (i + 1 < room->slots) {
            new_name_part(name, room->slots - 1 - i, entry);
        } else {
            memcpy(entry, raw, sizeof entry);
            memcpy(entry, name->alias, ALIAS_BYTES);
            entry[NAME_FLAGS_BYTE] = name->flags;
            put_node(volume, node, entry);
        }
        if (directory_locate(volume, directory, room->position + i, &offset) != DIRECTORY_OK ||
            !put(volume, offset, entry, sizeof entry)) {
            return ENTRIES_BROKEN;
        }
    }
    node->entry = offset;
    struct index *const index = index_of(volume, directory_id(volume, directory));
    struct entry made;
    uint32_t position = room->position;
    if (index != NULL && directory_next(volume, directory, &position, &made) == DIRECTORY_OK) {
        const uint32_t hash = index_hash(made.name), alias = index_hash(made.alias);
        if (index_add(index, hash, made.first) && alias != hash) {
            index_add(index, alias, made.first);
        }
    }
    return ENTRIES_OK;
}

/* Choose a short name that no other entry has. */
static enum entries_answer choose_alias(struct volume *volume, const struct node *directory,
                                        struct new_name *name)
{
    const struct new_name plain = *name;
    for (uint32_t number = 1; name->parts > 0; number++) {
        static struct entry other;
        uint8_t raw[NAME_ENTRY_BYTES] = { 0 };
        char text[NAME_SHORT_BYTES];
        if (number > ALIAS_TRIES) {
            return ENTRIES_FULL;
        }
        new_name_alias(&plain, number, raw);
        name_from_short(text, raw);
        const enum directory_answer answer = directory_find(volume, directory, text, &other);
        if (answer == DIRECTORY_BROKEN) {
            return ENTRIES_BROKEN;
        }
        if (answer == DIRECTORY_END) {
            memcpy(name->alias, raw, ALIAS_BYTES);
            break;
        }
    }
    return ENTRIES_OK;
}

/* The sector of the disk that a position of a directory is in. */
static uint64_t unit_of(struct volume *volume, const struct node *directory, uint32_t position)
{
    uint64_t offset = 0;
    directory_locate(volume, directory, position, &offset);
    return offset / volume->cache->disk->sector_bytes;
}

static void note_removal(struct volume *volume, const struct node *directory,
                         const struct entry *entry)
{
    uint8_t raw[NAME_ENTRY_BYTES] = { 0 };
    volume_follow_commits(volume);
    entries_read(volume, &entry->node, raw);
    struct removal *const removal = &volume->removals[volume->removal_count++];
    removal->directory = directory_id(volume, directory);
    removal->name_hash = index_hash(entry->name);
    removal->unit = entry->node.entry / volume->cache->disk->sector_bytes;
    memcpy(removal->alias, raw, ALIAS_BYTES);
}

/* Whether a name was removed from another sector and may still be there on the medium. */
static bool is_removed_elsewhere(struct volume *volume, const struct node *directory,
                                 const char *text, const struct new_name *name,
                                 const struct room *room)
{
    volume_follow_commits(volume);
    const uint32_t id = directory_id(volume, directory), hash = index_hash(text);
    const uint64_t unit = unit_of(volume, directory, room->position);
    for (uint32_t i = 0; i < volume->removal_count; i++) {
        const struct removal *const removal = &volume->removals[i];
        if (removal->directory == id && removal->unit != unit &&
            (removal->name_hash == hash ||
             memcmp(removal->alias, name->alias, ALIAS_BYTES) == 0)) {
            return true;
        }
    }
    return false;
}

enum entries_answer entries_add(struct volume *volume, const struct node *directory,
                                const char *name, const uint8_t raw[NAME_ENTRY_BYTES],
                                struct node *node)
{
    struct new_name made;
    if (!new_name_make(&made, name)) {
        return ENTRIES_BROKEN; /* whoever asks has tested it */
    }
    enum entries_answer answer = choose_alias(volume, directory, &made);
    if (answer != ENTRIES_OK) {
        return answer;
    }
    struct index *const index = index_of(volume, directory_id(volume, directory));
    struct room room = { .slots = made.parts + 1 };
    answer = room_find(volume, directory, index != NULL ? index->free_from : 0, UINT32_MAX, &room);
    if (answer != ENTRIES_OK) {
        return answer;
    }
    if (is_removed_elsewhere(volume, directory, name, &made, &room) && !commit_run(volume)) {
        return ENTRIES_BROKEN;
    }
    if (!room_take(volume, directory, &room)) {
        return ENTRIES_BROKEN;
    }
    if (index != NULL) {
        index->free_from = room.position + room.slots;
    }
    return write_name(volume, directory, &made, &room, raw, node);
}

enum entries_answer entries_remove(struct volume *volume, const struct node *directory,
                                   const struct entry *entry)
{
    const uint8_t deleted = ENTRY_DELETED;
    if (volume->removal_count == VOLUME_REMOVALS) {
        volume_follow_commits(volume);
        if (volume->removal_count == VOLUME_REMOVALS && !commit_run(volume)) {
            return ENTRIES_BROKEN;
        }
    }
    note_removal(volume, directory, entry);
    for (uint32_t position = entry->first; position <= entry->position; position++) {
        uint64_t offset;
        if (directory_locate(volume, directory, position, &offset) != DIRECTORY_OK ||
            !put(volume, offset, &deleted, 1)) {
            return ENTRIES_BROKEN;
        }
    }
    struct index *const index = index_of(volume, directory_id(volume, directory));
    if (index != NULL) {
        index_remove(index, index_hash(entry->name), entry->first);
        index_remove(index, index_hash(entry->alias), entry->first);
        index->free_from = entry->first < index->free_from ? entry->first : index->free_from;
    }
    return ENTRIES_OK;
}

enum entries_answer entries_rename(struct volume *volume, const struct node *directory,
                                   const struct entry *entry, const char *name,
                                   struct node *node)
{
    struct new_name made;
    uint8_t raws[SECTOR_ENTRIES][NAME_ENTRY_BYTES];
    const uint32_t count = entry->position - entry->first + 1;
    const uint32_t begin = entry->position - entry->position % SECTOR_ENTRIES;
    if (!new_name_make(&made, name) || made.parts + 1 > SECTOR_ENTRIES || entry->first < begin) {
        return ENTRIES_FULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset;
        if (directory_locate(volume, directory, entry->first + i, &offset) != DIRECTORY_OK ||
            !cache_read(volume->cache, offset, raws[i], NAME_ENTRY_BYTES)) {
            return ENTRIES_BROKEN;
        }
    }
    enum entries_answer answer = entries_remove(volume, directory, entry);
    answer = answer == ENTRIES_OK ? choose_alias(volume, directory, &made) : answer;
    struct room room = { .slots = made.parts + 1 };
    if (answer == ENTRIES_OK) {
        answer = room_find(volume, directory, begin, begin + SECTOR_ENTRIES, &room);
    }
    if (answer == ENTRIES_OK && is_removed_elsewhere(volume, directory, name, &made, &room)) {
        answer = ENTRIES_FULL;
    }
    if (answer == ENTRIES_OK) {
        *node = entry->node;
        return room_take(volume, directory, &room)
                   ? write_name(volume, directory, &made, &room, raws[count - 1], node)
                   : ENTRIES_BROKEN;
    }
    for (uint32_t i = 0; i < count; i++) { /* as it was */
        uint64_t offset;
        if (directory_locate(volume, directory, entry->first + i, &offset) != DIRECTORY_OK ||
            !put(volume, offset, raws[i], NAME_ENTRY_BYTES)) {
            return ENTRIES_BROKEN;
        }
    }
    index_forget(volume, directory_id(volume, directory));
    return answer;
}

bool entries_make_dots(struct volume *volume, uint32_t cluster, const struct node *parent)
{
    uint8_t raw[2][NAME_ENTRY_BYTES];
    const uint64_t offset = volume_cluster_offset(volume, cluster);
    for (int i = 0; i < 2; i++) {
        const struct node node = {
            .attributes = ATTRIBUTE_DIRECTORY,
            .first_cluster = i == 0 ? cluster : parent->is_root ? 0 : parent->first_cluster,
        };
        entries_stamp(raw[i]);
        memcpy(raw[i], i == 0 ? ".          " : "..         ", ALIAS_BYTES);
        put_node(volume, &node, raw[i]);
    }
    struct cache *const cache = volume->cache;
    return cache_write_now(cache, offset, NULL, volume->cluster_bytes) &&
           cache_write_now(cache, offset, raw, sizeof raw);
}

enum entries_answer entries_set_parent(struct volume *volume, const struct node *directory,
                                       const struct node *parent)
{
    uint64_t offset;
    uint8_t raw[NAME_ENTRY_BYTES];
    if (directory_locate(volume, directory, 1, &offset) != DIRECTORY_OK ||
        !cache_read(volume->cache, offset, raw, sizeof raw) ||
        memcmp(raw, "..         ", ALIAS_BYTES) != 0) {
        return ENTRIES_BROKEN;
    }
    struct node node = { .attributes = raw[AT_ATTRIBUTES] };
    node.first_cluster = parent->is_root ? 0 : parent->first_cluster;
    put_node(volume, &node, raw);
    return put(volume, offset, raw, sizeof raw) ? ENTRIES_OK : ENTRIES_BROKEN;
}

enum entries_answer entries_check_empty(struct volume *volume, const struct node *directory)
{
    static struct entry entry;
    uint32_t position = 0;
    switch (directory_next(volume, directory, &position, &entry)) {
    case DIRECTORY_OK:
        return ENTRIES_FULL;
    case DIRECTORY_END:
        return ENTRIES_OK;
    default:
        return ENTRIES_BROKEN;
    }
}
