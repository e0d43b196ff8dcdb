/*
 * A FAT volume: what its first sector says (FAT specification 3).
 *
 * An open volume is consistent: its parts follow each other and lie inside the
 * partition, and every cluster from 2 to cluster_count + 1 has an entry in the
 * table and its data inside the volume.
 */
#ifndef VOLUME_H
#define VOLUME_H

#include "fat.h"
#include "partition.h"

#define VOLUME_LABEL_BYTES 40 /* NAME_SHORT_BYTES: 11 characters of code page 850 as UTF-8 */
#define VOLUME_FREES 256      /* chains to be freed, remembered until a commit */
#define VOLUME_FRESH 64       /* chains that were made since the last one */
#define VOLUME_REMOVALS 16    /* names that were removed since then */

/* A chain that no entry names any more, from cluster `first` on; `cut` is the one before, or 0. */
struct freed {
    uint32_t first, cut;
};

/* A name that was removed: which directory, where, and what it was. */
struct removal {
    uint32_t directory;
    uint32_t name_hash; /* as index_hash makes it */
    uint64_t unit;      /* of the disk, that had it */
    uint8_t alias[11];
};

struct volume {
    struct cache *cache;
    struct fat fat;
    uint64_t bytes;         /* of the volume, from its first sector to its last */
    uint32_t cluster_bytes;
    uint64_t data_offset;   /* of cluster 2, on the disk, in bytes */
    uint64_t root_offset;   /* FAT12 and FAT16: of the root directory, on the disk, in bytes */
    uint32_t root_entries;  /* FAT12 and FAT16: how many it has; FAT32: 0 */
    uint32_t root_cluster;  /* FAT32: its first cluster */
    char label[VOLUME_LABEL_BYTES]; /* "" if it has none */
    uint64_t begin;         /* of its first sector, on the disk, in bytes */
    uint64_t flag_offset;   /* of the first sector's dirty flag, in bytes; 0: it has none */
    uint64_t info_offset;   /* of the FSInfo sector, in bytes; 0: it has none */
    bool is_protected;      /* it cannot be written: its sectors are smaller than the disk's */
    bool was_dirty;         /* it was found so, and stays so */
    bool is_dirty;          /* we have marked it so */
    bool is_counted;        /* free_count is right */
    bool is_full;           /* there was no free cluster when one was looked for last */
    uint32_t free_count;    /* clusters; those to be freed are not in it */
    uint32_t next_free;     /* where to look for one */
    uint32_t freed_count, fresh_count, removal_count;
    uint64_t commit;        /* the cache's commits when `fresh` and `removals` were begun */
    struct freed freed[VOLUME_FREES];
    uint32_t fresh[VOLUME_FRESH];
    struct removal removals[VOLUME_REMOVALS];
};

/* Open the volume in a partition; NULL, or why it cannot be, as "the sector size is not ...". */
const char *volume_open(struct volume *volume, struct cache *cache,
                        const struct partition *partition);

/* Where a cluster's data is on the disk, in bytes. */
uint64_t volume_cluster_offset(const struct volume *volume, uint32_t cluster);

/* Drop what holds until a commit only, if there has been one. */
void volume_follow_commits(struct volume *volume);

#endif
