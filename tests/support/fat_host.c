/*
 * fat32drv without a kernel: the server's own code, compiled for the host, on
 * an image file. fat_host.py is the other end.
 *
 *   fat_host IMAGE SECTOR_BYTES
 *
 * Out: one line, the mounts with a space behind each, or '!' and what is wrong.
 * Then, for each message in (tag, size: u64; a page), the reply (u64) and the page.
 * A message with the tag READS is for us: how many blocks were read from the disk?
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MAX 20 /* for a message: longer is a hang */

#define READS UINT64_MAX

static FILE *image;
static uint64_t reads;
static struct cache cache;
static struct mounts mounts;

bool disk_read(const struct disk *disk, uint64_t sector, uint32_t count, void *page)
{
    reads++;
    return count > 0 && count * disk->sector_bytes <= CACHE_BLOCK_BYTES &&
           fseeko(image, (off_t)(sector * disk->sector_bytes), SEEK_SET) == 0 &&
           fread(page, disk->sector_bytes, count, image) == count;
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

int main(int argc, char **argv)
{
    if (argc != 3 || (image = fopen(argv[1], "rb")) == NULL) {
        return 2;
    }
    const uint32_t sector_bytes = (uint32_t)atoi(argv[2]);
    fseeko(image, 0, SEEK_END);
    struct disk disk = {
        .sector_count = (uint64_t)ftello(image) / sector_bytes,
        .sector_bytes = sector_bytes,
    };
    alarm(SECONDS_MAX);
    cache_open(&cache, &disk);
    list_mounts("disk0:");

    uint64_t head[2];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        /* On the heap, so that the sanitizer sees what is written behind it. */
        uint8_t *const page = aligned_alloc(CACHE_BLOCK_BYTES, CACHE_BLOCK_BYTES);
        if (page == NULL || fread(page, CACHE_BLOCK_BYTES, 1, stdin) != 1) {
            return 2;
        }
        alarm(SECONDS_MAX);
        const uint64_t reply =
            head[0] == READS ? reads : request_serve(&mounts, head[0], head[1], page);
        fwrite(&reply, sizeof reply, 1, stdout);
        fwrite(page, CACHE_BLOCK_BYTES, 1, stdout);
        fflush(stdout);
        free(page);
    }
    return 0;
}
