/* A program's file, all of it in SYSTEM's memory. */
#ifndef PROGRAM_FILE_H
#define PROGRAM_FILE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that SYSTEM leaves free when it starts something: running out would end it. */
#define RESERVE_BYTES 0x100000

/* Page-aligned, zero up to the next page. `pages` is SYSTEM's own copy, if it needed one. */
struct program_file {
    const uint8_t *data;
    size_t bytes;
    uint8_t *pages;
};

/*
 * Find a file of the RAMFS, or read one through the VFS. Returns 0 or a
 * negative enum spawn_error; after 0 it must be closed.
 */
int64_t program_file_open(struct program_file *file, const char *path);
void program_file_close(struct program_file *file);

#endif
