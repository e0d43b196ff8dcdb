/*
 * Changes of the tree. Each answers 0 or an enum file_error; then nothing has
 * changed, unless it is FILE_IO_ERROR. Paths are without their mount.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include "tree.h"

/* Make an empty file. */
int64_t change_create(struct tree *tree, const char *path);

/* Make an empty directory. */
int64_t change_make_directory(struct tree *tree, const char *path);

/* Remove a file. */
int64_t change_remove(struct tree *tree, const char *path);

/* Remove an empty directory. */
int64_t change_remove_directory(struct tree *tree, const char *path);

/*
 * Give a file or directory another path. A file that has that one is replaced by a
 * file, so that the name always leads to one of them.
 */
int64_t change_rename(struct tree *tree, const char *old_path, const char *new_path);

/* Write at an offset: `bytes`, or an enum file_error. */
int64_t change_write(struct tree *tree, const char *path, uint64_t offset, const void *from,
                     size_t bytes);

/* Make a file shorter, or longer by zeros. */
int64_t change_truncate(struct tree *tree, const char *path, uint64_t bytes);

/* Set when a file was changed last, in seconds since 1970; 0 is now. */
int64_t change_set_time(struct tree *tree, const char *path, int64_t seconds);

/* Have all changes on the medium. */
int64_t change_sync(struct tree *tree);

#endif
