/*
 * Paths: from what a program writes to what a filesystem is asked for.
 *
 * "disk0:/a/b" names a mount. Another path starts at the working directory, or with '/' at
 * the root of its mount. "." and ".." are worked out here, by name: the file protocol has
 * neither, nor links.
 */
#ifndef ANOS_PATHS_H
#define ANOS_PATHS_H

#include "internal.h"

#include "file.h"

#include <stdbool.h>

/* A path from its mount on, without "." and "..", as "disk0:/a/b" or "disk0:/". */
struct path {
    bool is_directory; /* it was written with '/' at its end, so it must be one */
    char text[FILE_PATH_BYTES];
};

/* Where a path's file is asked for: a directory that the program holds, or the mount. */
struct place {
    uint64_t channel;
    bool is_relative; /* `path` is below the directory behind the channel */
    const char *path; /* points into the text it was found for */
};

/* Complete a path that starts at `directory` (AT_FDCWD: the working one). 0 or an error. */
HIDDEN long __anos_path(int directory, const char *given, struct path *to);

/* Find where to ask for a whole path, with a page for messages. 0 or an error. */
HIDDEN long __anos_place(const char *text, struct place *place, void *page);

/* Both at once. */
HIDDEN long __anos_find(int directory, const char *given, struct path *path, struct place *place,
                        void *page);

/* Copy the working directory's path to `text`. 0, or -ENOENT if there is none. */
HIDDEN long __anos_working_directory(char text[FILE_PATH_BYTES]);

#endif
