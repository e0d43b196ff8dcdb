/* What clients ask of the volumes: the file protocol (file.h). */
#ifndef REQUEST_H
#define REQUEST_H

#include "tree.h"
#include "vfs.h"

#define MOUNTS_MAX 8 /* volumes of one disk */

struct mount {
    char prefix[VFS_PREFIX_BYTES]; /* "disk0:" */
    struct tree tree;
};

struct mounts {
    size_t count;
    struct mount table[MOUNTS_MAX];
};

/* A path in a client's page: at most `limit` bytes of it count. */
struct client_path {
    const char *at;
    size_t limit;
};

/*
 * Mount every FAT volume of a disk: the first as `prefix` ("disk0:"), others with
 * the number of their partition ("disk0p3:"). Answers how many there are, and in
 * `*wrong`, if there is none, why.
 */
size_t mounts_open(struct mounts *mounts, struct cache *cache, const char *prefix,
                   const char **wrong);

/* Copy the path out, with its NUL; false if it has none. */
bool client_path_copy(struct client_path client, char path[CACHE_BLOCK_BYTES]);

/*
 * The tree that a path's mount names, and in `*inner` the path without the mount: 0 or
 * an enum file_error.
 */
int64_t mounts_find(struct mounts *mounts, const char *path, struct tree **tree,
                    const char **inner);

/* Serve a request that changes something: an answer of file.h. */
int64_t change_request_serve(struct mounts *mounts, uint64_t tag, size_t bytes, const void *page);

/* Whether any volume has changes that are not on the medium yet. */
bool mounts_are_dirty(const struct mounts *mounts);

/* Bring all changes of all volumes to the medium. */
void mounts_sync(struct mounts *mounts);

/*
 * Serve one message of `bytes` bytes in `page`, answer in the same page, and
 * return the reply. The client may write the page while we read it.
 */
uint64_t request_serve(struct mounts *mounts, uint64_t tag, size_t bytes, void *page);

#endif
