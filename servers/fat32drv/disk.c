/*
 * The disk's half of the work: a client of the storage protocol (block.h).
 *
 * The request travels in the page that the data comes back in. That page is
 * always ours: a client of ours could change what it asks for on the way.
 */
#include "disk.h"

#include "block.h"

#include <anos/abi.h>
#include <string.h>

#define SECTOR_BYTES_MIN 512

bool disk_open(struct disk *disk, uint64_t channel)
{
    static _Alignas(ANOS_PAGE_BYTES) union {
        struct block_request request;
        struct block_info info;
        uint8_t page[ANOS_PAGE_BYTES];
    } message;
    message.request = (struct block_request){ .type = BLOCK_INFO };
    const struct anos_result answer =
        anos_send_message(channel, 0, BLOCK_REQUEST_BYTES_MIN, &message);
    if (answer.type != ANOS_OK || answer.value < sizeof message.info) {
        return false;
    }
    disk->channel = channel;
    disk->sector_count = message.info.sector_count;
    disk->sector_bytes = message.info.sector_bytes;
    return disk->sector_bytes >= SECTOR_BYTES_MIN && disk->sector_bytes <= ANOS_PAGE_BYTES &&
           ANOS_PAGE_BYTES % disk->sector_bytes == 0 &&
           disk->sector_count <= UINT64_MAX / disk->sector_bytes;
}

bool disk_read(const struct disk *disk, uint64_t sector, uint32_t count, void *page)
{
    const struct block_request request = {
        .type = BLOCK_READ,
        .sector = sector,
        .count = count,
    };
    memcpy(page, &request, BLOCK_REQUEST_BYTES_MIN);
    const struct anos_result answer =
        anos_send_message(disk->channel, 0, BLOCK_REQUEST_BYTES_MIN, page);
    return answer.type == ANOS_OK && answer.value == (uint64_t)count * disk->sector_bytes;
}
