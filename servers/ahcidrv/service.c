/* Requests for a disk, from the message to the disk's queue: the protocol of block.h. */
#include "service.h"

#include "device.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a client sent: the first `bytes` of the request's page. */
struct message {
    uint64_t tag;
    size_t bytes;
};

/* Answer a request that is no command of the drive; 0 is an error. */
static void answer(struct request *request, uint64_t value)
{
    request->answer = value;
    request->next = NULL;
    request_answer(request);
}

/* Read or write sectors of the message's page. */
static void move_in_page(struct disk *disk, struct request *request, bool writes, uint64_t sector,
                         uint32_t count, uint8_t *data)
{
    if (!disk_has(disk, sector, count)) {
        answer(request, 0);
        return;
    }
    request->writes = writes;
    request->sector = sector;
    request->count = count;
    request->data = data;
    request->answer = writes ? count : count * BLOCK_SECTOR_BYTES;
    queue_move(&disk->queue, request);
}

static void read_sectors(struct disk *disk, struct request *request,
                         const struct block_request *wanted)
{
    const uint32_t count = wanted->count <= BLOCK_READ_MAX ? wanted->count : 0;
    move_in_page(disk, request, false, wanted->sector, count, request->page);
}

/* Write sectors whose data are the last `data_bytes` of the message, or more of it. */
static void write_sectors(struct disk *disk, struct request *request, uint64_t sector,
                          uint32_t count, uint8_t *data, size_t data_bytes)
{
    const bool has_all = count <= data_bytes / BLOCK_SECTOR_BYTES;
    move_in_page(disk, request, true, sector, has_all ? count : 0, data);
}

/* Read or write pages of a shared object. */
static void move_pages(struct disk *disk, struct request *request, size_t bytes)
{
    struct block_pages wanted;
    memcpy(&wanted, request->page, sizeof wanted);
    if (bytes < sizeof wanted || wanted.count > BLOCK_PAGES_MAX * BLOCK_READ_MAX) {
        wanted.count = 0;
    }
    pthread_mutex_lock(&disk->queue.lock);
    const bool is_shared = share_page(&disk->shares, wanted.object, 0) != NULL;
    pthread_mutex_unlock(&disk->queue.lock);
    if (!is_shared) {
        answer(request, BLOCK_NO_OBJECT);
        return;
    }
    request->object = wanted.object;
    memcpy(request->pages, wanted.pages, sizeof wanted.pages);
    move_in_page(disk, request, wanted.type == BLOCK_WRITE_PAGES, wanted.sector, wanted.count,
                 NULL);
}

static uint64_t share(struct disk *disk, const struct request *request)
{
    struct block_share wanted;
    memcpy(&wanted, request->page, sizeof wanted);
    pthread_mutex_lock(&disk->queue.lock); /* the objects are used with it */
    const uint32_t number = share_add(&disk->shares, disk->port.index, request->message,
                                      wanted.memory, wanted.page_count);
    pthread_mutex_unlock(&disk->queue.lock);
    return number;
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

static void handle(struct disk *disk, struct request *request, const struct message *message)
{
    if (message->tag & BLOCK_WRITE_PAGE) {
        write_sectors(disk, request, block_tag_sector(message->tag),
                      block_tag_count(message->tag), request->page, message->bytes);
        return;
    }
    struct block_request wanted = { 0 };
    if (message->bytes >= BLOCK_REQUEST_BYTES_MIN) {
        memcpy(&wanted, request->page, BLOCK_REQUEST_BYTES_MIN);
    }
    switch (wanted.type) {
    case BLOCK_READ:
        read_sectors(disk, request, &wanted);
        return;
    case BLOCK_WRITE:
        write_sectors(disk, request, wanted.sector, wanted.count,
                      request->page + BLOCK_REQUEST_BYTES_MIN,
                      message->bytes - BLOCK_REQUEST_BYTES_MIN);
        return;
    case BLOCK_INFO:
        answer(request, describe(disk, request->page));
        return;
    case BLOCK_FLUSH:
        request->answer = 1;
        queue_flush(&disk->queue, request);
        return;
    case BLOCK_SHARE:
        answer(request, share(disk, request));
        return;
    case BLOCK_READ_PAGES:
    case BLOCK_WRITE_PAGES:
        move_pages(disk, request, message->bytes);
        return;
    default:
        answer(request, 0);
    }
}

/* A place for the next request; there is one, since whoever answers does so before it ends more. */
static struct request *free_request(struct disk *disk)
{
    struct request *request = disk->requests;
    while (__atomic_load_n(&request->message, __ATOMIC_ACQUIRE) != 0) {
        request++;
    }
    return request;
}

void *service_run(void *argument)
{
    struct disk *const disk = argument;
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        const uint64_t window = (uint64_t)disk->port.index * REQUESTS_MAX + i;
        disk->requests[i].page = (uint8_t *)CLIENT_WINDOWS + window * ANOS_PAGE_BYTES;
    }
    for (;;) {
        struct request *const request = free_request(disk);
        struct message message;
        uint64_t bytes;
        const struct anos_result received =
            anos_recv_message(disk->channel, &message.tag, &bytes, request->page);
        if (received.type != ANOS_OK) {
            printf("ahcidrv: port %u ends, its channel answers %" PRId64 "\n", disk->port.index,
                   received.type);
            return NULL;
        }
        *request = (struct request){ .message = received.value, .page = request->page };
        message.bytes = bytes < ANOS_PAGE_BYTES ? bytes : ANOS_PAGE_BYTES;
        handle(disk, request, &message);
    }
}
