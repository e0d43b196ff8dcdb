/*
 * The storage protocol, on the channel of a storage device (anos-abi 9.4).
 *
 * The body is a struct block_request.
 *
 *   BLOCK_READ   `count` sectors from `sector` on  -> bytes read; they are in the
 *                                                     message's page, from its start
 *   BLOCK_WRITE  `count` sectors from `data`       -> sectors written
 *   BLOCK_INFO                                     -> bytes of the struct block_info in
 *                                                     the message's page
 *   BLOCK_FLUSH                                    -> 1 when what was written is on the medium
 *
 * The tag is 0, as Anos's clients send it, or that of our own fifth request,
 * whose body is nothing but data, so that a page of it fits into a message:
 *
 *   block_write_page_tag(sector, count)            -> sectors written
 *
 * Who moves much shares a memory object with the driver, once, and then names pages
 * of it, whose sectors follow each other on the disk:
 *
 *   BLOCK_SHARE        body: struct block_share       -> a number for the object
 *   BLOCK_READ_PAGES   body: struct block_pages       -> bytes read
 *   BLOCK_WRITE_PAGES  body: struct block_pages       -> sectors written
 *
 * An answer of 0, which arrives as ANOS_FAILURE, says: a bad request, sectors
 * that are not there, or the device could not; then some pages may be read or written.
 * BLOCK_NO_OBJECT says: the driver does not know such an object (any more), so share it
 * again. So it is when the driver was restarted: numbers are never used twice.
 *
 * All requests may be made again when the driver was restarted before it answered.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_SECTOR_BYTES 512
#define BLOCK_READ_MAX 8  /* sectors in a message's page */
#define BLOCK_WRITE_MAX 7 /* sectors behind the request's header */
#define BLOCK_REQUEST_BYTES_MIN 24
#define BLOCK_NO_OBJECT UINT64_MAX
#define BLOCK_PAGE_MAX 8 /* sectors of a write of our own kind */

enum block_type {
    BLOCK_READ = 1,
    BLOCK_WRITE = 2,
    BLOCK_INFO = 3,
    BLOCK_FLUSH = 4,
    BLOCK_SHARE = 5,
    BLOCK_READ_PAGES = 6,
    BLOCK_WRITE_PAGES = 7,
};

struct block_request {
    uint32_t type;
    uint32_t reserved_4;
    uint64_t sector;
    uint32_t count;
    uint32_t reserved_20;
    uint8_t data[BLOCK_WRITE_MAX * BLOCK_SECTOR_BYTES]; /* of BLOCK_WRITE */
};

#define BLOCK_SHARED_PAGES_MAX 2048 /* of a memory object: 8 MiB */
#define BLOCK_PAGES_MAX 32          /* of one request */

struct block_share {
    uint32_t type;
    uint32_t page_count;
    uint64_t memory; /* a capability of the sender's, with READ, WRITE and GRANT */
    uint64_t reserved_16;
};

struct block_pages {
    uint32_t type;
    uint32_t object; /* the number that BLOCK_SHARE answered */
    uint64_t sector;
    uint32_t count; /* of sectors; all pages but the last are full */
    uint32_t reserved_20;
    uint16_t pages[BLOCK_PAGES_MAX]; /* of the object, as many as the sectors take */
};

/* A tag with this bit asks for a write of our own kind: count and sector follow below it. */
#define BLOCK_WRITE_PAGE (UINT64_C(1) << 63)
#define BLOCK_TAG_SECTOR_BITS 48

static inline uint64_t block_write_page_tag(uint64_t sector, uint32_t count)
{
    return BLOCK_WRITE_PAGE | (uint64_t)count << BLOCK_TAG_SECTOR_BITS | sector;
}

static inline uint64_t block_tag_sector(uint64_t tag)
{
    return tag & ((UINT64_C(1) << BLOCK_TAG_SECTOR_BITS) - 1);
}

static inline uint32_t block_tag_count(uint64_t tag)
{
    return (uint32_t)((tag & ~BLOCK_WRITE_PAGE) >> BLOCK_TAG_SECTOR_BITS);
}

struct block_info {
    uint64_t sector_count;
    uint32_t sector_bytes;
    uint32_t abilities; /* DEVICE_CAN_... */
    char model[64];
    char serial[32];
};

_Static_assert(offsetof(struct block_request, sector) == 8, "sector");
_Static_assert(offsetof(struct block_request, count) == 16, "count");
_Static_assert(offsetof(struct block_request, data) == BLOCK_REQUEST_BYTES_MIN, "data");
_Static_assert(sizeof(struct block_share) == BLOCK_REQUEST_BYTES_MIN, "block_share");
_Static_assert(offsetof(struct block_pages, pages) == BLOCK_REQUEST_BYTES_MIN, "pages");
_Static_assert(offsetof(struct block_info, model) == 16, "model");
_Static_assert(offsetof(struct block_info, serial) == 80, "serial");
_Static_assert(sizeof(struct block_info) == 112, "block_info");

#endif
