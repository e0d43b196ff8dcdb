/* The clusters that are free: taking some, and giving them back (FAT specification 4 and 5). */
#ifndef SPACE_H
#define SPACE_H

#include "volume.h"

/* Learn how many clusters are free, once: from the FSInfo sector or by counting. */
void space_count(struct volume *volume);

/*
 * Make a chain of `count` free clusters, if possible from `near` on (0: anywhere).
 * Nothing refers to it yet. False if there are not so many: then nothing is changed.
 */
bool space_take(struct volume *volume, uint32_t near, uint32_t count, uint32_t *first);

/*
 * Let a new chain follow `last`, the end of one that an entry names and that begins with
 * `owner`: on the medium the new one is whole before. False if the disk could not.
 */
bool space_append(struct volume *volume, uint32_t owner, uint32_t last, uint32_t first);

/*
 * Give a chain back, from `first` on; `cut` is the cluster before it, which becomes
 * the last of its own chain, or 0. The clusters are free after the next commit.
 */
bool space_give(struct volume *volume, uint32_t first, uint32_t cut);

/* Free what was given back; part of a commit. */
bool space_free(struct volume *volume);

/* Note the free clusters in the FSInfo sector, at once. */
bool space_write_info(struct volume *volume);

/* Whether the chain from `first` on was made since the last commit, so that no medium names it. */
bool space_is_fresh(struct volume *volume, uint32_t first);

/* Note that it was. */
void space_set_fresh(struct volume *volume, uint32_t first);

#endif
