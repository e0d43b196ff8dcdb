/*
 * RAMFS: the read-only files inside SYSTEM's image (anos-abi 8.2).
 *
 * A header, an entry for each file, then the files, each from a page boundary
 * on. The packer made and checked it; the names are basenames of at most 15
 * characters.
 */
#include "ramfs.h"

#include "path.h"

#include <anos/abi.h>
#include <string.h>

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

struct ramfs_file ramfs_at(uint64_t index)
{
    const struct ramfs_header *const ramfs = &_ramfs_start;
    if (ramfs->magic != ANOS_RAMFS_MAGIC || ramfs->version != ANOS_RAMFS_VERSION ||
        index >= ramfs->file_count) {
        return (struct ramfs_file){ 0 };
    }
    const struct ramfs_entry *const entry = &ramfs->entries[index];
    return (struct ramfs_file){ (const uint8_t *)entry + entry->start, entry->bytes, entry->name };
}

struct ramfs_file ramfs_named(const char *name)
{
    struct ramfs_file file = ramfs_at(0);
    for (uint64_t i = 0; file.data != NULL && strncmp(file.name, name, ANOS_RAMFS_NAME_BYTES) != 0;
         i++) {
        file = ramfs_at(i + 1);
    }
    return file;
}

struct ramfs_file ramfs_find(const char *path)
{
    const char *const name = path_in_mount(path);
    return name != NULL ? ramfs_named(name) : (struct ramfs_file){ 0 };
}
