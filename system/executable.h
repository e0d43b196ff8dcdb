/* What a program's ELF file asks for, checked. */
#ifndef EXECUTABLE_H
#define EXECUTABLE_H

#include <stddef.h>
#include <stdint.h>

#define SEGMENTS_MAX 16

/* Pages of a program: `file_bytes` from the file, zeros up to `memory_bytes`. */
struct segment {
    uint64_t address;
    uint64_t offset;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t flags; /* ANOS_MAP_... */
};

struct executable {
    uint64_t entry;
    unsigned segment_count;
    struct segment segments[SEGMENTS_MAX];
};

/*
 * Read a file's program headers. Returns NULL, or in words why it cannot run.
 *
 * After success segments lie inside the file and user memory, start on pages,
 * ascend without sharing one, keep off the stack (and the page below it that
 * catches its overflow), and `entry` is in one that may be executed.
 */
const char *executable_read(struct executable *executable, const uint8_t *data, size_t bytes,
                            uint64_t stack_bytes);

#endif
