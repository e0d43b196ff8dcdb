/*
 * Where names are in large directories, so that finding one, or finding that it
 * is not there, does not read all of it. There is room for two directories.
 *
 * An index that exists knows all names of its directory, long and short ones, by
 * a hash that is blind to case. Whoever changes a directory tells the index.
 */
#ifndef INDEX_H
#define INDEX_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_SLOTS 65536
#define INDEX_NAMES_MAX (INDEX_SLOTS / 4 * 3)
#define INDEX_ENTRIES_MIN 128 /* smaller directories need none */
#define INDEX_COUNT 2

struct volume;

struct index {
    const struct volume *volume; /* NULL: unused */
    uint32_t directory;          /* its first cluster; 0: the root that is none */
    uint32_t used_slots;         /* with what was removed */
    uint32_t free_from;          /* no entry before this position is free */
    uint64_t used;
    struct {
        uint32_t hash;
        uint32_t position; /* of the first entry of a name, plus 2; 1: removed; 0: unused */
    } slots[INDEX_SLOTS];
};

uint32_t index_hash(const char *name);

/* The index of a directory, or NULL. */
struct index *index_of(const struct volume *volume, uint32_t directory);

/* Begin an empty one, in the place of the one that was used less lately. */
struct index *index_begin(const struct volume *volume, uint32_t directory);

/* Add a name; false if there is no room: then the index is gone. */
bool index_add(struct index *index, uint32_t hash, uint32_t position);

void index_remove(struct index *index, uint32_t hash, uint32_t position);

/*
 * The next position that may have a name with that hash; false if there is none.
 * `*cursor` is 0 at first.
 */
bool index_next(const struct index *index, uint32_t hash, uint32_t *cursor, uint32_t *position);

/* Forget a directory that is gone. */
void index_forget(const struct volume *volume, uint32_t directory);

#endif
