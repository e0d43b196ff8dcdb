/* A disk: what it is, and its sectors. */
#ifndef DISK_H
#define DISK_H

#include "port.h"
#include "share.h"

#define DISK_SECTOR_BYTES 512

struct disk {
    struct port port;
    uint64_t sector_count;
    char model[41];
    char serial[21];
    uint64_t channel;   /* where it takes requests */
    uint64_t device_id; /* in DEVMAN's registry; 0: not there */
    struct shares shares;
};

/*
 * Learn what the drive at an open port is. False if it is no disk that we can
 * use, with a line that says why.
 */
bool disk_identify(struct disk *disk);

/* Whether 1 or more sectors from `sector` on are all there and fit into the port's buffer. */
bool disk_has(const struct disk *disk, uint64_t sector, uint32_t count);

/*
 * Read sectors that the disk has into the port's buffer, or write them from there: by
 * one command, or many of them by several in a queue.
 */
bool disk_read(struct disk *disk, uint64_t sector, uint32_t count);
bool disk_write(struct disk *disk, uint64_t sector, uint32_t count);

/* Bring all that was written to the medium. */
bool disk_flush(struct disk *disk);

#endif
