/*
 * The disk's blocks that were used last, and what is to be written of them.
 *
 * Everything is read through it in blocks of a page, whole and aligned to the
 * disk. What is written whole, sector by sector, is not read before. A block that is
 * not here is read together with those behind it if the one before it is here, so that
 * a sequential reader causes few commands.
 *
 * What is written stays here, as dirty units of 512 bytes, each of a class that
 * says when it may reach the disk. Data may at any time, to make room; the other
 * classes only when cache_write_back says so, which is what keeps a volume
 * consistent (commit.h).
 *
 * What the disk could not take stays dirty, and what it took stays here until the next
 * flush went well: if one fails, all that was written since the one before is dirty again.
 * So a later try can make good what an earlier one could not. With too many data that
 * cannot be written there is no room for more.
 */
#ifndef CACHE_H
#define CACHE_H

#include "disk.h"

#include <stddef.h>

#define CACHE_BLOCK_BYTES 4096
#define CACHE_UNIT_BYTES 512
#define CACHE_SLOTS 512
#define CACHE_AHEAD_MIN 8 /* blocks read at once when a reader begins to be sequential ... */
#define CACHE_AHEAD DISK_PAGES_MAX /* ... and when it goes on */
#define CACHE_HASHES 1024
#define CACHE_NONE UINT16_MAX

enum cache_class {
    CACHE_NOW,     /* what cache_write_now writes */
    CACHE_DATA,    /* contents of files */
    CACHE_TABLE,   /* allocation tables */
    CACHE_ENTRIES, /* directories */
    CACHE_CLASSES,
};

struct cache_slot {
    uint64_t block;
    bool used;
    bool has_failed;               /* its data: not tried again to make room */
    uint8_t bad;                   /* a bit for each unit that could not be read */
    uint8_t missing;               /* likewise; only others were written, so it was not read yet */
    uint8_t dirty[CACHE_CLASSES];  /* likewise; a unit is in one class at most */
    uint8_t written[CACHE_CLASSES]; /* likewise, since the last flush, and not dirty again */
    uint16_t newer, older;         /* slots in the order of their last use */
    uint16_t next;                 /* slot with the same hash */
};

struct cache {
    struct disk *disk;
    uint64_t bytes;          /* of the disk */
    uint64_t commits;        /* counts commits (commit.h) */
    uint32_t dirty_data;     /* slots with dirty data ... */
    uint32_t dirty_metadata; /* ... and with dirty tables or entries */
    uint64_t ahead_end;      /* the block behind those that were read ahead last ... */
    uint32_t ahead_count;    /* ... and how many those were */
    uint32_t unflushed;      /* slots with something that was written since the last flush */
    uint32_t failed_data;    /* slots with dirty data that the disk could not take */
    uint16_t newest, oldest, last;
    uint16_t hashes[CACHE_HASHES]; /* first slot of each */
    struct cache_slot slots[CACHE_SLOTS];
    uint8_t (*pages)[CACHE_BLOCK_BYTES]; /* of each slot */
};

/* Start with an empty cache of an open disk, in CACHE_SLOTS pages (disk_share). */
void cache_open(struct cache *cache, struct disk *disk, uint8_t *pages);

/* Copy `bytes` from byte `offset` of the disk; false beyond its end or if it cannot be read. */
bool cache_read(struct cache *cache, uint64_t offset, void *to, size_t bytes);

/*
 * The bytes at `offset`, in place until the next call, and in `*bytes` how many
 * of them there are up to the end of their block; NULL if they cannot be read.
 */
const uint8_t *cache_look(struct cache *cache, uint64_t offset, size_t *bytes);

/*
 * Change `bytes` at `offset`; zeros if `from` is NULL. With `is_last` what follows
 * them in their last sector means nothing. Only what is around them in their sectors
 * and means something is read. False beyond the disk's end, if that cannot be read, or
 * without room.
 */
bool cache_write(struct cache *cache, uint64_t offset, const void *from, size_t bytes,
                 enum cache_class class, bool is_last);

/* Change and write at once: for what nothing on the disk refers to yet. */
bool cache_write_now(struct cache *cache, uint64_t offset, const void *from, size_t bytes);

/*
 * Write all that is dirty in a class. False if the disk could not take all: the rest stays
 * dirty, but what cache_write_now writes, whose caller knows by then.
 */
bool cache_write_back(struct cache *cache, enum cache_class class);

/* Write data that the disk has not failed to take yet, to make room. */
void cache_write_data(struct cache *cache);

/*
 * Bring what was written so far to the medium, before anything that follows. False if the
 * disk could not: all of it is dirty again.
 */
bool cache_flush(struct cache *cache);

/* Forget data that nobody will ask for: their clusters are free. */
void cache_forget(struct cache *cache, uint64_t offset, uint64_t bytes);

#endif
