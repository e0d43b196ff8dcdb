/*
 * The file protocol, on the channel that the VFS answers with (anos-abi 8.4, 9.5).
 *
 * Every filesystem answers these two, the RAMFS no others. Paths carry their
 * mount ("boot:/shell.elf"), which the filesystem passes over.
 *
 *   FILE_SIZE  body: a path with NUL         -> the file's length in bytes
 *   FILE_LOAD  body: struct file_load        -> bytes loaded, at most a page; they
 *                                               are in the message's page, from its start
 *
 * An answer of 0, which arrives as ANOS_FAILURE, says: no such file, or nothing
 * at that offset, or a bad request. So an empty file looks like a missing one.
 */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <stdint.h>

#define FILE_PATH_BYTES 4088 /* with the NUL: what fits into a page behind an offset */

enum file_tag {
    FILE_SIZE = 1,
    FILE_LOAD = 2,
};

/*
 * The message's size is at least 8 and the path with its NUL; Anos's loaders
 * say 26, whatever the path, and may have 22 bytes of it.
 */
struct file_load {
    uint64_t offset;
    char path[FILE_PATH_BYTES];
};

_Static_assert(offsetof(struct file_load, path) == 8, "path");
_Static_assert(sizeof(struct file_load) == 0x1000, "file_load");

#endif
