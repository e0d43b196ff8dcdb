/*
 * The disk's half of the work: a client of the storage protocol (block.h).
 *
 * The request travels in the page that the data comes back in. That page is
 * always ours: a client of ours could change what it asks for on the way. Data
 * to be written travel alone, with the request in the tag.
 */
#include "disk.h"

#include "again.h"
#include "block.h"

#include <anos/abi.h>
#include <string.h>

#define SECTOR_BYTES_MIN 512
#define SHARED_WINDOW UINT64_C(0x500000000)

_Static_assert(DISK_PAGES_MAX == BLOCK_PAGES_MAX, "pages");

bool disk_open(struct disk *disk, uint64_t channel)
{
    static _Alignas(ANOS_PAGE_BYTES) union {
        struct block_request request;
        struct block_info info;
        uint8_t page[ANOS_PAGE_BYTES];
    } message;
    message.request = (struct block_request){ .type = BLOCK_INFO };
    const struct anos_result answer =
        send_again(channel, 0, BLOCK_REQUEST_BYTES_MIN, &message);
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
        send_again(disk->channel, 0, BLOCK_REQUEST_BYTES_MIN, page);
    return answer.type == ANOS_OK && answer.value == (uint64_t)count * disk->sector_bytes;
}

bool disk_write(const struct disk *disk, uint64_t sector, uint32_t count, const void *from)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    const size_t bytes = (size_t)count * disk->sector_bytes;
    const void *data = from;
    if ((uintptr_t)from % ANOS_PAGE_BYTES != 0) { /* a message begins where a page does */
        data = memcpy(page, from, bytes);
    }
    struct anos_result answer = { .type = ANOS_RESTARTED };
    for (int i = 0; answer.type == ANOS_RESTARTED && i < AGAIN_TRIES; i++) {
        answer = anos_send_message(disk->channel, block_write_page_tag(sector, count), bytes,
                                   (void *)data); /* nobody writes into the page */
    }
    return answer.type == ANOS_OK && answer.value == count;
}

/* Let the driver have the memory that we share; again, if it was restarted. */
static void share(struct disk *disk)
{
    static _Alignas(ANOS_PAGE_BYTES) struct block_share request;
    request = (struct block_share){ BLOCK_SHARE, disk->shared_pages, disk->memory, 0 };
    const struct anos_result shared =
        send_again(disk->channel, 0, sizeof request, &request);
    disk->object = shared.type == ANOS_OK ? (uint32_t)shared.value : 0;
}

uint8_t *disk_share(struct disk *disk, uint32_t count)
{
    const uint64_t bytes = (uint64_t)count * ANOS_PAGE_BYTES;
    const uint64_t memory = anos_create_memory(bytes).value;
    const uint64_t flags = ANOS_MAP_READ | ANOS_MAP_WRITE;
    if (memory == 0 || anos_map_memory(memory, SHARED_WINDOW, 0, bytes, flags).type != ANOS_OK) {
        return NULL;
    }
    disk->shared = (uint8_t *)SHARED_WINDOW;
    disk->shared_pages = count;
    disk->memory = memory;
    share(disk);
    return disk->shared;
}

/*
 * Move all pages by one request; false if that cannot be or does not go well. A driver that
 * was restarted does not know the memory any more.
 */
static bool move_shared(struct disk *disk, enum block_type type, uint64_t sector,
                        uint32_t count, uint8_t *const *pages)
{
    static _Alignas(ANOS_PAGE_BYTES) struct block_pages request;
    const uint64_t bytes = (uint64_t)count * disk->sector_bytes;
    for (int i = 0; disk->object != 0 && i < AGAIN_TRIES; i++) {
        request = (struct block_pages){
            .type = type,
            .object = disk->object,
            .sector = sector,
            .count = count,
        };
        for (uint32_t page = 0; page * ANOS_PAGE_BYTES < bytes; page++) {
            request.pages[page] =
                (uint16_t)((size_t)(pages[page] - disk->shared) / ANOS_PAGE_BYTES);
        }
        const struct anos_result answer =
            anos_send_message(disk->channel, 0, sizeof request, &request);
        const bool is_new = answer.type == ANOS_OK && answer.value == BLOCK_NO_OBJECT;
        if (answer.type != ANOS_RESTARTED && !is_new) {
            return answer.type == ANOS_OK &&
                   answer.value == (type == BLOCK_READ_PAGES ? bytes : count);
        }
        share(disk);
    }
    return false;
}

/* How many of `left` sectors are in the next page. */
static uint32_t in_page(const struct disk *disk, uint32_t left)
{
    const uint32_t page = ANOS_PAGE_BYTES / disk->sector_bytes;
    return left < page ? left : page;
}

bool disk_read_pages(struct disk *disk, uint64_t sector, uint32_t count,
                     uint8_t *const *pages)
{
    bool all = true;
    if (count > in_page(disk, count) && move_shared(disk, BLOCK_READ_PAGES, sector, count, pages)) {
        return true;
    }
    for (uint32_t page; all && count > 0; count -= page, sector += page) {
        page = in_page(disk, count);
        all = disk_read(disk, sector, page, *pages++);
    }
    return all;
}

bool disk_write_pages(struct disk *disk, uint64_t sector, uint32_t count,
                      uint8_t *const *pages)
{
    bool all = true;
    if (move_shared(disk, BLOCK_WRITE_PAGES, sector, count, pages)) {
        return true;
    }
    for (uint32_t page; all && count > 0; count -= page, sector += page) {
        page = in_page(disk, count);
        all = disk_write(disk, sector, page, *pages++);
    }
    return all;
}

bool disk_flush(const struct disk *disk)
{
    static _Alignas(ANOS_PAGE_BYTES) struct block_request request;
    request = (struct block_request){ .type = BLOCK_FLUSH };
    return send_again(disk->channel, 0, BLOCK_REQUEST_BYTES_MIN, &request).type == ANOS_OK;
}
