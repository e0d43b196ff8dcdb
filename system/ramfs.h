/* The files inside SYSTEM's own image, under the mount "boot:". */
#ifndef RAMFS_H
#define RAMFS_H

#include <stddef.h>
#include <stdint.h>

#define RAMFS_MOUNT "boot:"

/* A file's bytes: from a page boundary on, padded with zeros to the next one. */
struct ramfs_file {
    const uint8_t *data;
    size_t bytes;
    const char *name; /* at most 15 characters */
};

/* Is a path's mount the RAMFS's? */
bool ramfs_has_mount(const char *path);

/* The file with this number, from 0 on; `data` is NULL behind the last one. */
struct ramfs_file ramfs_at(uint64_t index);

/* The file with this name; `data` is NULL if there is none. */
struct ramfs_file ramfs_named(const char *name);

/* The file that a path like "boot:/devman.elf" names; `data` is NULL if there is none. */
struct ramfs_file ramfs_find(const char *path);

#endif
