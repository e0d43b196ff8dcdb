/*
 * fat32drv without a kernel: the server's own code, compiled for the host, on
 * an image file.
 *
 *   fat_host IMAGE SECTOR_BYTES [TRACE]
 *
 * Out: one line, the mounts with a space behind each, or '!' and what is wrong. Then
 * as file_host.h says.
 *
 * What the server writes and flushes is in the image; TRACE gets every write and every
 * flush in turn, as (sector, count: u64; data), where a count of 0 is a flush.
 */
#include "date.h"
#include "file_host.h"
#include "mounts.h"
#include "operations.h"

#define BAD_MAX 64

enum own_tag {
    READS = -3,   /* how many commands have read from the disk? */
    EVENTS = -4,  /* how many writes and flushes has the trace? */
    SET_BAD = -5, /* the sector `size` cannot be read or written from now on */
    FAIL_WRITES = -6, /* the next `size` writes fail */
    FAIL_FLUSH = -7,  /* flush number `size` fails, and what was written since the last one is lost */
};

/* What was where something has been written since the last flush, if one is to fail. */
struct lost {
    struct lost *before;
    off_t offset;
    size_t bytes;
    uint8_t data[];
};

static FILE *image, *trace;
static uint64_t reads, events, bad[BAD_MAX];
static uint64_t failing_writes;
static size_t bad_count;
static uint64_t flushes_left;
static struct lost *lost;
static struct cache cache;
static struct mounts mounts;
static struct file_server server = { &fat_operations, &mounts, 1, { 0 }, "", "" };

int64_t date_now(void)
{
    return host_now * 1000000000;
}

static bool is_bad(uint64_t sector, uint32_t count)
{
    for (size_t i = 0; i < bad_count; i++) {
        if (bad[i] >= sector && bad[i] - sector < count) {
            return true;
        }
    }
    return false;
}

static bool go_to(const struct disk *disk, uint64_t sector, uint32_t count)
{
    return count > 0 && sector < disk->sector_count && count <= disk->sector_count - sector &&
           !is_bad(sector, count) &&
           fseeko(image, (off_t)(sector * disk->sector_bytes), SEEK_SET) == 0;
}

/* Go where something is to be written. */
static bool go_to_write(const struct disk *disk, uint64_t sector, uint32_t count)
{
    if (failing_writes > 0 || !go_to(disk, sector, count)) {
        failing_writes -= failing_writes > 0;
        return false;
    }
    if (flushes_left > 0) {
        const size_t bytes = (size_t)count * disk->sector_bytes;
        struct lost *const here = malloc(sizeof *here + bytes);
        *here = (struct lost){ lost, (off_t)(sector * disk->sector_bytes), bytes };
        lost = here;
        return fread(here->data, 1, bytes, image) == bytes && go_to(disk, sector, count);
    }
    return true;
}

/* The drive has kept what it was given, or has not. */
static void end_writes(bool are_kept)
{
    while (lost != NULL) {
        struct lost *const last = lost;
        if (!are_kept) {
            fseeko(image, last->offset, SEEK_SET);
            fwrite(last->data, 1, last->bytes, image);
        }
        lost = last->before;
        free(last);
    }
}

bool disk_read(const struct disk *disk, uint64_t sector, uint32_t count, void *page)
{
    reads++;
    return count * disk->sector_bytes <= CACHE_BLOCK_BYTES && go_to(disk, sector, count) &&
           fread(page, disk->sector_bytes, count, image) == count;
}

static void note(uint64_t sector, uint64_t count)
{
    const uint64_t head[2] = { sector, count };
    events++;
    if (trace != NULL) {
        fwrite(head, sizeof head, 1, trace);
    }
}

static void note_data(const struct disk *disk, uint32_t count, const void *data)
{
    if (trace != NULL) {
        fwrite(data, disk->sector_bytes, count, trace);
    }
}

bool disk_write(const struct disk *disk, uint64_t sector, uint32_t count, const void *from)
{
    if (count * disk->sector_bytes > CACHE_BLOCK_BYTES || !go_to_write(disk, sector, count) ||
        fwrite(from, disk->sector_bytes, count, image) != count) {
        return false;
    }
    note(sector, count);
    note_data(disk, count, from);
    return true;
}

bool disk_flush(const struct disk *disk)
{
    (void)disk;
    const bool is_kept = flushes_left != 1;
    flushes_left -= flushes_left > 0;
    end_writes(is_kept);
    if (!is_kept) {
        return false;
    }
    note(0, 0);
    return fflush(image) == 0;
}

/* How many of `left` sectors are in the next page. */
static uint32_t in_page(const struct disk *disk, uint32_t left)
{
    const uint32_t page = CACHE_BLOCK_BYTES / disk->sector_bytes;
    return left < page ? left : page;
}

bool disk_read_pages(struct disk *disk, uint64_t sector, uint32_t count,
                     uint8_t *const *pages)
{
    reads++;
    bool all = go_to(disk, sector, count);
    for (uint32_t page, done = 0; all && done < count; done += page) {
        page = in_page(disk, count - done);
        all = fread(*pages++, disk->sector_bytes, page, image) == page;
    }
    return all;
}

bool disk_write_pages(struct disk *disk, uint64_t sector, uint32_t count,
                      uint8_t *const *pages)
{
    if (!go_to_write(disk, sector, count)) {
        return false;
    }
    note(sector, count);
    for (uint32_t page, done = 0; done < count; done += page) {
        page = in_page(disk, count - done);
        if (fwrite(*pages, disk->sector_bytes, page, image) != page) {
            return false;
        }
        note_data(disk, page, *pages++);
    }
    return true;
}

static void list_mounts(const char *prefix)
{
    const char *wrong;
    if (mounts_open(&mounts, &cache, prefix, &wrong) == 0) {
        printf("!%s", wrong);
    }
    for (size_t i = 0; i < mounts.count; i++) {
        printf("%s ", mounts.table[i].prefix);
    }
    printf("\n");
    fflush(stdout);
}

uint64_t host_own(uint64_t tag, uint64_t size)
{
    switch ((int64_t)tag) {
    case READS:
        return reads;
    case EVENTS:
        return events;
    case SET_BAD:
        bad[bad_count < BAD_MAX ? bad_count++ : 0] = size;
        return 1;
    case FAIL_WRITES:
        failing_writes = size;
        return 1;
    case FAIL_FLUSH:
        flushes_left = size;
        return 1;
    default:
        return 0;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || (image = fopen(argv[1], "r+b")) == NULL ||
        (argc == 4 && (trace = fopen(argv[3], "wb")) == NULL)) {
        return 2;
    }
    const uint32_t sector_bytes = (uint32_t)atoi(argv[2]);
    fseeko(image, 0, SEEK_END);
    struct disk disk = {
        .sector_count = (uint64_t)ftello(image) / sector_bytes,
        .sector_bytes = sector_bytes,
    };
    alarm(SECONDS_MAX);
    cache_open(&cache, &disk, aligned_alloc(CACHE_BLOCK_BYTES, CACHE_SLOTS * CACHE_BLOCK_BYTES));
    list_mounts("disk0:");

    host_serve(&server);
    fclose(image);
    return trace == NULL ? 0 : fclose(trace);
}
