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

#define VOLUME_LABEL_BYTES 34 /* 11 characters of code page 850 as UTF-8, with the NUL */

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
};

/* Open the volume in a partition; NULL, or why it cannot be, as "the sector size is not ...". */
const char *volume_open(struct volume *volume, struct cache *cache,
                        const struct partition *partition);

/* Where a cluster's data is on the disk, in bytes. */
uint64_t volume_cluster_offset(const struct volume *volume, uint32_t cluster);

#endif
