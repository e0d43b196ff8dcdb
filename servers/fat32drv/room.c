/* Free entries, and where a directory's names end. */
#include "room.h"

#include "space.h"

static bool put(struct volume *volume, uint64_t offset, uint8_t first)
{
    return cache_write(volume->cache, offset, &first, 1, CACHE_ENTRIES, false);
}

/* The first byte of the entry at a position, and where it is. */
static enum directory_answer look(struct volume *volume, const struct node *directory,
                                  uint32_t position, uint64_t *offset, uint8_t *first)
{
    const enum directory_answer answer = directory_locate(volume, directory, position, offset);
    if (answer != DIRECTORY_OK) {
        return answer;
    }
    return cache_read(volume->cache, *offset, first, 1) ? DIRECTORY_OK : DIRECTORY_BROKEN;
}

/* Make a directory longer by empty clusters, which are on the disk before it has them. */
static enum entries_answer grow(struct volume *volume, const struct node *directory, uint32_t slots)
{
    if (directory->is_root && volume->root_entries != 0) {
        return ENTRIES_FULL;
    }
    const uint32_t cluster_entries = volume->cluster_bytes / NAME_ENTRY_BYTES;
    const uint32_t more = (slots + cluster_entries - 1) / cluster_entries;
    uint32_t last, count, first;
    const uint32_t owner = directory_id(volume, directory);
    if (fat_find_last(&volume->fat, owner, &last, &count) != FAT_OK) {
        return ENTRIES_BROKEN;
    }
    if ((uint64_t)(count + more) * cluster_entries >= DIRECTORY_ENTRIES_MAX ||
        !space_take(volume, last + 1, more, &first)) {
        return ENTRIES_FULL;
    }
    uint32_t cluster = first;
    for (uint32_t i = 0; i < more; i++) {
        if (!cache_write_now(volume->cache, volume_cluster_offset(volume, cluster), NULL,
                             volume->cluster_bytes) ||
            !fat_get(&volume->fat, cluster, &cluster)) {
            return ENTRIES_BROKEN;
        }
    }
    return space_append(volume, owner, last, first) ? ENTRIES_OK : ENTRIES_BROKEN;
}

enum entries_answer room_find(struct volume *volume, const struct node *directory,
                                     uint32_t from, uint32_t limit, struct room *room)
{
    const bool fits = room->slots <= SECTOR_ENTRIES;
    uint32_t run = 0;
    room->end = UINT32_MAX;
    for (uint32_t position = from; position < limit; position++) {
        uint64_t offset;
        uint8_t first = ENTRY_END;
        enum directory_answer answer = look(volume, directory, position, &offset, &first);
        if (answer == DIRECTORY_END && limit == UINT32_MAX) {
            const enum entries_answer grown = grow(volume, directory, room->slots);
            if (grown != ENTRIES_OK) {
                return grown;
            }
            answer = look(volume, directory, position, &offset, &first);
        }
        if (answer != DIRECTORY_OK) {
            return answer == DIRECTORY_END ? ENTRIES_FULL : ENTRIES_BROKEN;
        }
        if (first == ENTRY_END && room->end == UINT32_MAX) {
            room->end = position;
        }
        const bool is_free =
            first == ENTRY_DELETED || first == ENTRY_END || room->end != UINT32_MAX;
        run = !is_free ? 0 : fits && position % SECTOR_ENTRIES == 0 ? 1 : run + 1;
        if (run == room->slots) {
            room->position = position + 1 - run;
            return ENTRIES_OK;
        }
    }
    return ENTRIES_FULL;
}

bool room_take(struct volume *volume, const struct node *directory, const struct room *room)
{
    const uint8_t deleted = ENTRY_DELETED, end = ENTRY_END;
    uint64_t offset;
    uint8_t first;
    for (uint32_t position = room->end; position < room->position; position++) {
        if (directory_locate(volume, directory, position, &offset) != DIRECTORY_OK ||
            !put(volume, offset, deleted)) {
            return false;
        }
    }
    const uint32_t behind = room->position + room->slots;
    const bool moved = behind > room->end;
    return !moved || look(volume, directory, behind, &offset, &first) != DIRECTORY_OK ||
           first == ENTRY_END || put(volume, offset, end);
}
