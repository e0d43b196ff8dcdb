/*
 * Serving a disk: the protocol of block.h.
 *
 * The page of a message is the client's, who may change it at any time: what
 * decides is copied out of it first. Data passes through the port's buffer.
 */
#include "service.h"

#include "block.h"
#include "device.h"
#include "devman.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WINDOWS UINT64_C(0x300000000)

struct message {
    uint64_t cookie;
    uint64_t tag;
    size_t bytes;
    uint8_t *page;
};

static uint64_t read_sectors(struct disk *disk, const struct block_request *request,
                             uint8_t *page)
{
    const uint32_t count = request->count;
    if (count > BLOCK_READ_MAX || !disk_has(disk, request->sector, count) ||
        !disk_read(disk, request->sector, count)) {
        return 0;
    }
    memcpy(page, disk->port.buffer, count * BLOCK_SECTOR_BYTES);
    return count * BLOCK_SECTOR_BYTES;
}

/* Write sectors whose data are the last `data_bytes` of the message, or more of it. */
static uint64_t write_sectors(struct disk *disk, uint64_t sector, uint32_t count,
                              const uint8_t *data, size_t data_bytes)
{
    if (!disk_has(disk, sector, count) || count * BLOCK_SECTOR_BYTES > data_bytes) {
        return 0;
    }
    memcpy(disk->port.buffer, data, count * BLOCK_SECTOR_BYTES);
    return disk_write(disk, sector, count) ? count : 0;
}

static uint64_t share(struct disk *disk, const struct message *message)
{
    struct block_share request;
    memcpy(&request, message->page, sizeof request);
    return share_add(&disk->shares, disk->port.index, message->cookie, request.memory,
                     request.page_count);
}

/*
 * Move sectors between the port's buffer and shared pages; false if one of them is none.
 * What is written to a page may be read by its owner at once, and it may write what we read.
 */
static bool copy_pages(struct disk *disk, const struct block_pages *request, bool to_buffer)
{
    const uint32_t bytes = request->count * BLOCK_SECTOR_BYTES;
    for (uint32_t at = 0; at < bytes; at += ANOS_PAGE_BYTES) {
        const uint32_t rest = bytes - at, piece = rest < ANOS_PAGE_BYTES ? rest : ANOS_PAGE_BYTES;
        uint8_t *const page =
            share_page(&disk->shares, request->object, request->pages[at / ANOS_PAGE_BYTES]);
        uint8_t *const buffer = disk->port.buffer + at;
        if (page == NULL) {
            return false;
        }
        memcpy(to_buffer ? buffer : page, to_buffer ? page : buffer, piece);
    }
    return true;
}

/* Pages of a shared object: all with one command, or with a queue of them. */
static uint64_t move_pages(struct disk *disk, const struct message *message)
{
    struct block_pages request;
    if (message->bytes < sizeof request) {
        return 0;
    }
    memcpy(&request, message->page, sizeof request);
    if (request.count > BLOCK_PAGES_MAX * BLOCK_READ_MAX ||
        !disk_has(disk, request.sector, request.count)) {
        return 0;
    }
    if (request.type == BLOCK_WRITE_PAGES) {
        return copy_pages(disk, &request, true) &&
                       disk_write(disk, request.sector, request.count)
                   ? request.count
                   : 0;
    }
    return disk_read(disk, request.sector, request.count) && copy_pages(disk, &request, false)
               ? request.count * BLOCK_SECTOR_BYTES
               : 0;
}

static uint64_t describe(const struct disk *disk, uint8_t *page)
{
    struct block_info info = {
        .sector_count = disk->sector_count,
        .sector_bytes = BLOCK_SECTOR_BYTES,
        .abilities = DEVICE_CAN_READ | DEVICE_CAN_WRITE,
    };
    strcpy(info.model, disk->model);
    strcpy(info.serial, disk->serial);
    memcpy(page, &info, sizeof info);
    return sizeof info;
}

/* Returns the reply; 0 is an error. */
static uint64_t handle(struct disk *disk, const struct message *message)
{
    if (message->tag & BLOCK_WRITE_PAGE) {
        return write_sectors(disk, block_tag_sector(message->tag), block_tag_count(message->tag),
                             message->page, message->bytes);
    }
    struct block_request request;
    if (message->bytes < BLOCK_REQUEST_BYTES_MIN) {
        return 0;
    }
    memcpy(&request, message->page, BLOCK_REQUEST_BYTES_MIN);
    switch (request.type) {
    case BLOCK_READ:
        return read_sectors(disk, &request, message->page);
    case BLOCK_WRITE:
        return write_sectors(disk, request.sector, request.count,
                             message->page + BLOCK_REQUEST_BYTES_MIN,
                             message->bytes - BLOCK_REQUEST_BYTES_MIN);
    case BLOCK_INFO:
        return describe(disk, message->page);
    case BLOCK_FLUSH:
        return disk_flush(disk);
    case BLOCK_SHARE:
        return share(disk, message);
    case BLOCK_READ_PAGES:
    case BLOCK_WRITE_PAGES:
        return move_pages(disk, message);
    default:
        return 0;
    }
}

void service_run(struct disk *disk)
{
    const uint64_t window = WINDOWS + disk->port.index * ANOS_PAGE_BYTES;
    const struct anos_result mapped =
        anos_map_virtual(ANOS_PAGE_BYTES, window, ANOS_MAP_READ | ANOS_MAP_WRITE);
    if (mapped.type != ANOS_OK) {
        printf("ahcidrv: no window for the disk at port %u\n", disk->port.index);
        return;
    }
    for (;;) {
        struct message message = { .page = (uint8_t *)window };
        uint64_t bytes;
        const struct anos_result received =
            anos_recv_message(disk->channel, &message.tag, &bytes, message.page);
        if (received.type != ANOS_OK) {
            printf("ahcidrv: port %u ends, its channel answers %" PRId64 "\n", disk->port.index,
                   received.type);
            return;
        }
        message.cookie = received.value;
        message.bytes = bytes < ANOS_PAGE_BYTES ? bytes : ANOS_PAGE_BYTES;
        const uint64_t reply = handle(disk, &message);
        anos_reply_message(received.value, reply);
        if (reply == 0 && !disk->port.is_running) {
            devman_remove_disk(disk);
        }
    }
}
