/*
 * RAMFS: the read-only files inside SYSTEM's image (anos-abi 8.2).
 *
 * A header, an entry for each file, then the files, each from a page boundary
 * on. The packer made and checked it; the names are basenames of at most 15
 * characters. Serves FILE_SIZE and FILE_LOAD of file.h.
 */
#include "ramfs.h"

#include "file.h"
#include "path.h"
#include "service.h"

#include <anos/abi.h>
#include <string.h>

#define FILE_LOAD_HEADER offsetof(struct file_load, path)
#define FILE_LOAD_SLACK 4 /* a load's size counts only so much before the path, at least */

struct ramfs_entry {
    uint64_t start; /* of the data, from this entry on */
    uint64_t bytes;
    char name[ANOS_RAMFS_NAME_BYTES];
};

struct ramfs_header {
    uint32_t magic;
    uint32_t version;
    uint64_t bytes;
    uint64_t file_count;
    uint64_t reserved;
    struct ramfs_entry entries[];
};

extern const struct ramfs_header _ramfs_start;

bool ramfs_has_mount(const char *path)
{
    return strncmp(path, RAMFS_MOUNT, strlen(RAMFS_MOUNT)) == 0;
}

struct ramfs_file ramfs_find(const char *path)
{
    const struct ramfs_header *const ramfs = &_ramfs_start;
    const char *const name = path_in_mount(path);
    if (name == NULL || ramfs->magic != ANOS_RAMFS_MAGIC ||
        ramfs->version != ANOS_RAMFS_VERSION) {
        return (struct ramfs_file){ 0 };
    }
    for (uint64_t i = 0; i < ramfs->file_count; i++) {
        const struct ramfs_entry *const entry = &ramfs->entries[i];
        if (strncmp(entry->name, name, sizeof entry->name) == 0) {
            return (struct ramfs_file){ (const uint8_t *)entry + entry->start, entry->bytes };
        }
    }
    return (struct ramfs_file){ 0 };
}

static uint64_t load(const struct file_load *request, size_t size, uint8_t *page)
{
    char path[FILE_PATH_BYTES];
    if (size < FILE_LOAD_HEADER ||
        !path_copy(path, request->path, sizeof path, size - FILE_LOAD_SLACK)) {
        return 0;
    }
    const uint64_t offset = request->offset;
    const struct ramfs_file file = ramfs_find(path);
    if (file.data == NULL || offset >= file.bytes) {
        return 0;
    }
    const size_t left = file.bytes - offset;
    const size_t bytes = left < ANOS_PAGE_BYTES ? left : ANOS_PAGE_BYTES;
    memcpy(page, file.data + offset, bytes);
    return bytes;
}

static uint64_t handle(const struct service_message *message)
{
    char path[ANOS_PAGE_BYTES];
    switch (message->tag) {
    case FILE_SIZE:
        return path_copy(path, message->page, sizeof path, message->bytes) ? ramfs_find(path).bytes
                                                                           : 0;
    case FILE_LOAD:
        return load(message->page, message->bytes, message->page);
    default:
        return 0;
    }
}

void *ramfs_serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t window[ANOS_PAGE_BYTES];
    service_run((uint64_t)channel, window, handle);
    return NULL;
}
