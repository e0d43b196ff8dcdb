/*
 * Directories: the entries of one, with their names put together (FAT
 * specification 6).
 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include "name.h"
#include "volume.h"

#define DIRECTORY_ENTRIES_MAX 65536 /* 2 MiB: larger ones are damaged */
#define ENTRY_END 0x00
#define ENTRY_DELETED 0xe5

enum attribute {
    ATTRIBUTE_READ_ONLY = 0x01,
    ATTRIBUTE_HIDDEN = 0x02,
    ATTRIBUTE_SYSTEM = 0x04,
    ATTRIBUTE_VOLUME = 0x08,
    ATTRIBUTE_DIRECTORY = 0x10,
    ATTRIBUTE_ARCHIVE = 0x20,
};

/* What a directory says about a file or a directory in it. */
struct node {
    bool is_root;
    uint8_t attributes;
    uint32_t first_cluster; /* 0: an empty file. Not tested: fat_find does that */
    uint32_t bytes;         /* 0 for a directory */
    uint64_t entry;         /* where its short entry is on the disk, in bytes; 0: the root */
    int64_t modified;       /* seconds since 1970 by the writer's clock; 0: not known */
};

struct entry {
    struct node node;
    uint32_t first, position; /* of the first part of its name, and of its short entry */
    char name[NAME_LONG_BYTES];
    char alias[NAME_SHORT_BYTES]; /* the short name */
};

enum directory_answer {
    DIRECTORY_OK,
    DIRECTORY_END,
    DIRECTORY_BROKEN, /* it goes on where nothing is, in a loop, or cannot be read */
};

/* The root directory. */
struct node directory_root(void);

/*
 * Read the entry at `*position` or the next one behind it, and set `*position`
 * behind that. 0 is the first. Deleted entries, "." and ".." are passed over.
 */
enum directory_answer directory_next(struct volume *volume, const struct node *directory,
                                     uint32_t *position, struct entry *entry);

/*
 * Find a name: spelled the same if there is one, else the first that differs
 * in case only; a short name counts as much as a long one.
 */
enum directory_answer directory_find(struct volume *volume, const struct node *directory,
                                     const char *name, struct entry *found);

/* The cluster that a directory is known by: its first one; 0 for a root that has none. */
uint32_t directory_id(const struct volume *volume, const struct node *directory);

/* Where the entry at a position is on the disk, in bytes. DIRECTORY_END: there is no such one. */
enum directory_answer directory_locate(struct volume *volume, const struct node *directory,
                                       uint32_t position, uint64_t *offset);

/* Set the volume's label to that in its root directory, which overrules the first sector's. */
void directory_find_label(struct volume *volume);

#endif
