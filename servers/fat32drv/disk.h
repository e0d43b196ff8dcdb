/* A disk: sectors that a storage driver reads and writes for us. */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stdint.h>

#define DISK_PAGES_MAX 32

struct disk {
    uint64_t channel; /* of the driver */
    uint32_t object;  /* the driver's number for the memory that we share; 0: none */
    uint8_t *shared;
    uint32_t shared_pages;
    uint64_t memory; /* our capability to them */
    uint64_t sector_count;
    uint32_t sector_bytes; /* 512, 1024, 2048 or 4096 */
};

/* Ask the driver how large its disk is; false if it does not say or we cannot read such sectors. */
bool disk_open(struct disk *disk, uint64_t channel);

/*
 * Memory for `count` pages that sectors are read to and written from; NULL if there is
 * none. Shared with the driver if that can be, so that many of them move at once.
 */
uint8_t *disk_share(struct disk *disk, uint32_t count);

/* Read sectors, at most a page of them, to the start of `page`; false if the driver could not. */
bool disk_read(const struct disk *disk, uint64_t sector, uint32_t count, void *page);

/* Write sectors, at most a page of them, from anywhere; the drive may keep them for a while. */
bool disk_write(const struct disk *disk, uint64_t sector, uint32_t count, const void *from);

/*
 * Read or write sectors that follow each other, a page of them at each of `pages`, which
 * are of disk_share, and DISK_PAGES_MAX at most.
 */
bool disk_read_pages(struct disk *disk, uint64_t sector, uint32_t count,
                     uint8_t *const *pages);
bool disk_write_pages(struct disk *disk, uint64_t sector, uint32_t count,
                      uint8_t *const *pages);

/* Have all that was written on the medium. */
bool disk_flush(const struct disk *disk);

#endif
