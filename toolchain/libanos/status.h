/* Facts about files. */
#ifndef ANOS_STATUS_H
#define ANOS_STATUS_H

#include "internal.h"

/*
 * The number that stands for a file: filesystems have none, so it is made of the path. `name`
 * in the directory `path`, or the path itself if that is NULL.
 */
HIDDEN uint64_t __anos_file_number(const char *path, const char *name);

#endif
