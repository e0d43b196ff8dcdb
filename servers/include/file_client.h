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
#define FILE_NO_ANSWER (-100)

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

/* Make an empty file: 0 or an error, as all that change something. */
int64_t file_create(uint64_t filesystem, const char *path, void *page);

/* Write up to as many bytes as fit into a message: how many those are, or an error. */
int64_t file_write(uint64_t filesystem, const char *path, uint64_t offset, const void *from,
                   size_t bytes, void *page);

/* Make a file shorter, or longer by zeros. */
int64_t file_truncate(uint64_t filesystem, const char *path, uint64_t bytes, void *page);

/* Give a file or directory another path in the same mount. */
int64_t file_rename(uint64_t filesystem, const char *old_path, const char *new_path, void *page);

/* Remove a file. */
int64_t file_remove(uint64_t filesystem, const char *path, void *page);

/* Make an empty directory. */
int64_t file_make_directory(uint64_t filesystem, const char *path, void *page);

/* Remove an empty directory. */
int64_t file_remove_directory(uint64_t filesystem, const char *path, void *page);

/* Have all changes of a mount on the medium. */
int64_t file_sync(uint64_t filesystem, const char *path, void *page);

/* Set when a file was changed last, in seconds since 1970; 0 is now. */
int64_t file_set_time(uint64_t filesystem, const char *path, int64_t seconds, void *page);

/*
 * A handle on a file or directory, with FILE_MAY_... (0: all that there are): 0 and its
 * cookie, or an error. Every function here takes a handle for the filesystem, with paths
 * below it. Who opens the same again has the same cookie; give it up by anos_drop.
 */
int64_t file_open(uint64_t filesystem, const char *path, uint32_t rights, uint64_t *handle,
                  void *page);

/* What an error means, as "no such file". */
const char *file_error_text(int64_t error);

/* The entry behind one in a listing; `listing->count` says how many there are. */
static inline const struct file_entry *file_entry_behind(const struct file_entry *entry)
{
    return (const struct file_entry *)((const uint8_t *)entry + entry->entry_bytes);
}

#endif
