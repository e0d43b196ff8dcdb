/*
 * Asking the VFS and filesystems (vfs.h, file.h). Each call sends one message
 * from `page`, a whole page of the caller's own, and the answer is in it.
 *
 * Errors are an enum file_error, or FILE_NO_ANSWER.
 */
#ifndef FILE_CLIENT_H
#define FILE_CLIENT_H

#include "file.h"

/* The filesystem is gone, or it does not know the request, or the path is too long to send. */
#define FILE_NO_ANSWER (-6)

/* The channel of the filesystem that a path's mount names; 0 if there is none. */
uint64_t file_system(const char *path, void *page);

/* Facts about a file or directory: 0 and a struct file_entry in `page`, or an error. */
int64_t file_stat(uint64_t filesystem, const char *path, void *page);

/*
 * Entries of a directory from `position` on (0, then `next` of the answer before):
 * 0 and a struct file_listing in `page`, or an error.
 */
int64_t file_list(uint64_t filesystem, const char *path, uint64_t position, void *page);

/* A file's bytes from `offset` on: how many are in `page` (0: that is its end), or an error. */
int64_t file_read(uint64_t filesystem, const char *path, uint64_t offset, void *page);

/* What an error means, as "no such file". */
const char *file_error_text(int64_t error);

/* The entry behind one in a listing; `listing->count` says how many there are. */
static inline const struct file_entry *file_entry_behind(const struct file_entry *entry)
{
    return (const struct file_entry *)((const uint8_t *)entry + entry->entry_bytes);
}

#endif
