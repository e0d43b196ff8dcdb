/*
 * Changing directories. All of it is in the cache until a commit.
 *
 * The parts of a name and its short entry are in one sector wherever they fit into
 * one, so that a single write makes, renames or removes it; a name that was removed
 * is not made again in another sector before a commit.
 */
#ifndef ENTRIES_H
#define ENTRIES_H

#include "alias.h"
#include "directory.h"

enum entries_answer {
    ENTRIES_OK,
    ENTRIES_FULL,   /* no room in the directory, or no cluster to make it larger */
    ENTRIES_BROKEN, /* it cannot be read or written, or is damaged */
};

/*
 * Add a name that is not there, for the file or directory that `node` tells of:
 * cluster, size, attributes. `raw` has its times (from another entry, or made by
 * entries_stamp). Sets node->entry.
 */
enum entries_answer entries_add(struct volume *volume, const struct node *directory,
                                const char *name, const uint8_t raw[NAME_ENTRY_BYTES],
                                struct node *node);

/* Remove a name. */
enum entries_answer entries_remove(struct volume *volume, const struct node *directory,
                                   const struct entry *entry);

/*
 * Give an entry another name by one write, if there is room where it is: then
 * ENTRIES_OK, and `*node` has its place. ENTRIES_FULL: nothing has changed.
 */
enum entries_answer entries_rename(struct volume *volume, const struct node *directory,
                                   const struct entry *entry, const char *name,
                                   struct node *node);

/*
 * Bring cluster, size and attributes of an entry up to date; with `written` its times,
 * too, and node->modified.
 */
enum entries_answer entries_update(struct volume *volume, struct node *node, bool written);

/* Set the time of the last change, in nanoseconds since 1970. */
enum entries_answer entries_set_time(struct volume *volume, const struct node *node, int64_t time);

/* Write all times of a new entry. */
void entries_stamp(uint8_t raw[NAME_ENTRY_BYTES]);

/* Read the short entry of a node. */
bool entries_read(struct volume *volume, const struct node *node, uint8_t raw[NAME_ENTRY_BYTES]);

/* Make the first cluster of a directory: "." and "..", at once. False if it cannot be written. */
bool entries_make_dots(struct volume *volume, uint32_t cluster, const struct node *parent);

/* Let a directory's ".." name another parent. */
enum entries_answer entries_set_parent(struct volume *volume, const struct node *directory,
                                       const struct node *parent);

/* ENTRIES_OK if a directory has no names, ENTRIES_FULL if it has some. */
enum entries_answer entries_check_empty(struct volume *volume, const struct node *directory);

#endif
