/* Where on a disk volumes may be: partitions, or all of it. */
#ifndef PARTITION_H
#define PARTITION_H

#include "cache.h"

#define PARTITIONS_MAX 64

struct partition {
    uint32_t number; /* as in the table, from 1; 0: the whole disk */
    uint64_t first_byte;
    uint64_t bytes;
};

/*
 * List the partitions of an MBR (with the logical ones, from 5 on) or a GPT, in
 * the table's order; their contents are not looked at. A partition that is not
 * wholly on the disk is left out. Answers how many there are: 0 without a table.
 */
size_t partition_list(struct cache *cache, struct partition found[PARTITIONS_MAX]);

#endif
