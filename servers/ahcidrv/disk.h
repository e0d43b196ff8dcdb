/* A disk: what it is, and how its requests are carried out. */
#ifndef DISK_H
#define DISK_H

#include "queue.h"

/* One in each slot, as many that have ended and are being answered, and one being received. */
#define REQUESTS_MAX (2 * COMMAND_SLOTS + 1)

struct disk {
    struct port port;
    uint64_t sector_count;
    unsigned queue_depth; /* commands that the drive can queue; 0: none */
    char model[41];
    char serial[21];
    uint64_t channel;   /* where it takes requests */
    uint64_t device_id; /* in DEVMAN's registry; 0: not there */
    struct shares shares;
    struct queue queue;
    struct request requests[REQUESTS_MAX];
};

/*
 * Learn what the drive at an open port is. False if it is no disk that we can
 * use, with a line that says why.
 */
bool disk_identify(struct disk *disk);

/* Whether 1 or more sectors from `sector` on are all there. */
bool disk_has(const struct disk *disk, uint64_t sector, uint32_t count);

#endif
