/*
 * A file server's handles: which path and rights a badge stands for.
 *
 * Opening the same path with the same rights again gives the same handle, so the
 * table holds each once. When it is full, handles that nobody holds any more make
 * room; if there are none, nothing can be opened until somebody drops one or ends.
 */
#ifndef FILE_HANDLES_H
#define FILE_HANDLES_H

#include "file.h"

#include <stdbool.h>

#define FILE_HANDLES_MAX 256
#define FILE_GENERATION_SHIFT 32 /* `opened` begins with the server's generation << this */

struct file_handle {
    uint64_t badge;  /* 0: free. Never the same again, so an old message finds nothing */
    uint64_t cookie; /* of the capability with that badge: what clients have hangs on it */
    uint32_t rights; /* FILE_MAY_... */
    char *path;      /* with its mount, one '/' before each name and none at the end */
};

struct file_handles {
    uint64_t opened; /* how many have been made, so that no successor makes the same */
    struct file_handle table[FILE_HANDLES_MAX];
};

/* What a badge stands for; NULL if that is nothing any more. */
const struct file_handle *file_handles_find(const struct file_handles *handles, uint64_t badge);

/* Was it made by a server that has ended since, of which we are the successor? */
bool file_handles_is_stale(const struct file_handles *handles, uint64_t badge);

/*
 * The cookie of a handle on a path, in `*cookie`: 0, or an enum file_error. `channel`
 * is the server's.
 */
int64_t file_handles_open(struct file_handles *handles, uint64_t channel, const char *path,
                          uint32_t rights, uint64_t *cookie);

#endif
