/*
 * The file allocation table: which cluster follows which (FAT specification 4).
 *
 * Chains that were followed lately are remembered as runs of clusters that lie
 * side by side, so that reading on never starts at a file's first cluster again.
 */
#ifndef FAT_H
#define FAT_H

#include "cache.h"

#define FAT_FIRST_CLUSTER 2
#define FAT_FREE 0
#define FAT_LAST 0x0fffffff
#define FAT_CHAINS 8  /* chains remembered */
#define FAT_RUNS 64   /* runs of each; of a chain with more, the last ones */
#define FAT_LINKS 16  /* links that wait for a commit */

enum fat_answer {
    FAT_OK,
    FAT_END,    /* the chain has no such cluster: it ends before */
    FAT_BROKEN, /* a cluster is free, bad or impossible, or met again, or cannot be read */
};

/* `count` clusters from `cluster` on are those of a chain from number `index` on. */
struct fat_run {
    uint32_t index, cluster, count;
};

struct fat_chain {
    uint32_t first; /* its first cluster; 0: unused */
    uint32_t run_count;
    uint64_t used;
    uint32_t mark, steps, steps_max; /* a cluster to meet again if there is a loop */
    struct fat_run runs[FAT_RUNS];
};

/*
 * What a chain has got since the last commit, from cluster `first` on, belongs behind its
 * old end `last`. That is written when all of the new part is on the medium; until then
 * the table says that the chain ends there, and only we know better.
 */
struct fat_link {
    uint32_t owner; /* the chain's first cluster */
    uint32_t last, first;
};

struct fat {
    struct cache *cache;
    uint64_t offset;        /* of the table in use, on the disk, in bytes */
    uint64_t copies_offset; /* of the first table that is kept like it ... */
    uint64_t table_bytes;
    uint32_t copy_count;    /* ... and how many of those there are, one behind the other */
    uint32_t entry_bits;    /* 12, 16 or 32 */
    uint32_t cluster_count; /* the last cluster is cluster_count + 1 */
    uint64_t clock;
    struct fat_chain chains[FAT_CHAINS];
    uint32_t link_count;
    struct fat_link links[FAT_LINKS];
};

/*
 * Find the clusters of the chain that starts at `first`, from number `index` on:
 * as many of them as lie side by side, but no more than `count`.
 */
enum fat_answer fat_find(struct fat *fat, uint32_t first, uint32_t index, uint32_t count,
                         struct fat_run *found);

/* Follow a chain to its end: FAT_END if it has one. */
enum fat_answer fat_check_end(struct fat *fat, uint32_t first);

/* The last cluster of a chain, and how many it has; FAT_OK if it has an end. */
enum fat_answer fat_find_last(struct fat *fat, uint32_t first, uint32_t *last, uint32_t *count);

/* What follows a cluster: FAT_FREE, the next one, or an end, as the table has it, or a link. */
bool fat_get(struct fat *fat, uint32_t cluster, uint32_t *value);

/* Change it in every table that is kept alike, in the cache. FAT_LAST is an end in all kinds. */
bool fat_set(struct fat *fat, uint32_t cluster, uint32_t value);

/* Whether a chain has a part that is new since the last commit, behind a link. */
bool fat_has_link(const struct fat *fat, uint32_t owner);

/* Put the clusters from `first` on behind a chain's end, by a link; false if there are too many. */
bool fat_add_link(struct fat *fat, uint32_t owner, uint32_t last, uint32_t first);

/* Bring all links into the table, in the cache. */
bool fat_set_links(struct fat *fat);

/* Let `count` clusters side by side be a chain, in every table that is kept alike. */
bool fat_set_run(struct fat *fat, uint32_t cluster, uint32_t count);

/*
 * How many entries from a cluster's on are free (or with `is_free` false are not), up to
 * `max` of them or to where the table cannot be read.
 */
uint32_t fat_count_run(struct fat *fat, uint32_t cluster, uint32_t max, bool is_free);

/* Forget what is remembered of the chain that starts at `first`: it has been cut or is gone. */
void fat_forget(struct fat *fat, uint32_t first);

#endif
