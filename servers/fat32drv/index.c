/* Open addressing, one slot after the other. */
#include "index.h"

#include "utf8.h"

#include <string.h>

#define REMOVED 1
#define OFFSET 2

static struct index indexes[INDEX_COUNT];
static uint64_t clock;

uint32_t index_hash(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    while (*name != '\0') {
        hash = (hash ^ utf8_fold(utf8_get(&name))) * 16777619u;
    }
    return hash;
}

struct index *index_of(const struct volume *volume, uint32_t directory)
{
    for (struct index *index = indexes; index < indexes + INDEX_COUNT; index++) {
        if (index->volume == volume && index->directory == directory) {
            index->used = ++clock;
            return index;
        }
    }
    return NULL;
}

struct index *index_begin(const struct volume *volume, uint32_t directory)
{
    struct index *oldest = indexes;
    for (struct index *index = indexes; index < indexes + INDEX_COUNT; index++) {
        if (index->used < oldest->used) {
            oldest = index;
        }
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->volume = volume;
    oldest->directory = directory;
    oldest->used = ++clock;
    return oldest;
}

bool index_add(struct index *index, uint32_t hash, uint32_t position)
{
    if (index->used_slots >= INDEX_NAMES_MAX) {
        index->volume = NULL;
        return false;
    }
    uint32_t slot = hash % INDEX_SLOTS;
    while (index->slots[slot].position != 0) {
        slot = (slot + 1) % INDEX_SLOTS;
    }
    index->slots[slot].hash = hash;
    index->slots[slot].position = position + OFFSET;
    index->used_slots++;
    return true;
}

void index_remove(struct index *index, uint32_t hash, uint32_t position)
{
    for (uint32_t slot = hash % INDEX_SLOTS; index->slots[slot].position != 0;
         slot = (slot + 1) % INDEX_SLOTS) {
        if (index->slots[slot].hash == hash &&
            index->slots[slot].position == position + OFFSET) {
            index->slots[slot].position = REMOVED;
        }
    }
}

bool index_next(const struct index *index, uint32_t hash, uint32_t *cursor, uint32_t *position)
{
    for (;;) {
        const uint32_t slot = (hash + *cursor) % INDEX_SLOTS;
        const uint32_t found = index->slots[slot].position;
        if (found == 0) {
            return false;
        }
        ++*cursor;
        if (found != REMOVED && index->slots[slot].hash == hash) {
            *position = found - OFFSET;
            return true;
        }
    }
}

void index_forget(const struct volume *volume, uint32_t directory)
{
    struct index *const index = index_of(volume, directory);
    if (index != NULL) {
        index->volume = NULL;
        index->used = 0;
    }
}
