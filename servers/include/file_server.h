/*
 * The server's half of the file protocol (file.h): for every filesystem it copies
 * requests out of the client's page, checks them, knows its handles, and writes
 * the answers. What its files are a filesystem says by `struct file_operations`.
 *
 * A handle (FILE_OPEN) is a capability with a badge to the server's channel. The
 * badge stands for a path and for rights; what comes through it reaches that file,
 * or what is below that directory, and nothing else. Requests without a badge may
 * all that the filesystem can.
 */
#ifndef FILE_SERVER_H
#define FILE_SERVER_H

#include "file_handles.h"

#include <anos/abi.h>
#include <stdbool.h>

/* What FILE_STAT and FILE_LIST tell besides the name; see struct file_entry. */
struct file_facts {
    uint32_t attributes;
    uint64_t bytes;
    int64_t modified;
};

/* An answer to FILE_LIST that is being written. */
struct file_list;

/* Add an entry; false if the answer has no room for it: then it begins the next one. */
bool file_list_put(struct file_list *list, const struct file_facts *facts, const char *name);

/*
 * A filesystem. All functions answer an enum file_error if they cannot. Paths are
 * without their mount and may have slashes anywhere; "" is the root. A filesystem
 * that never changes has no function behind `read`.
 */
struct file_operations {
    /* 0, the volume that a path's mount names, and the path without its mount. */
    int64_t (*find_volume)(void *files, const char *path, void **volume, const char **inner);

    /* 0, and what it is. Only the root has a name here: its volume's label. */
    int64_t (*stat)(void *volume, const char *path, struct file_facts *facts,
                    char name[FILE_NAME_BYTES]);

    /* 0, and the entries from `*position` on that the list has room for. Then it is that of the
     * next one, or 0. */
    int64_t (*list)(void *volume, const char *path, uint64_t *position, struct file_list *list);

    /* How many bytes there are at `offset`, at most `bytes`. */
    int64_t (*read)(void *volume, const char *path, uint64_t offset, void *to, size_t bytes);

    /* 0. Without success nothing has changed, unless it is FILE_IO_ERROR. */
    int64_t (*create)(void *volume, const char *path);
    int64_t (*make_directory)(void *volume, const char *path);
    int64_t (*remove)(void *volume, const char *path);
    int64_t (*remove_directory)(void *volume, const char *path);
    int64_t (*rename)(void *volume, const char *old_path, const char *new_path);
    int64_t (*truncate)(void *volume, const char *path, uint64_t bytes);
    int64_t (*set_time)(void *volume, const char *path, int64_t seconds);
    int64_t (*sync)(void *volume);

    /* `bytes`, all of them. `from` is the client's page, which may change meanwhile. */
    int64_t (*write)(void *volume, const char *path, uint64_t offset, const void *from,
                     size_t bytes);
};

struct file_server {
    const struct file_operations *operations;
    void *files;      /* for find_volume */
    uint64_t channel; /* that clients send to, all rights */
    struct file_handles handles;
    char path[ANOS_PAGE_BYTES], new_path[ANOS_PAGE_BYTES]; /* of the request being served */
};

/*
 * What a client sent. The first `bytes` of `page` are its message; the client may
 * write the page while we read it. `badge` is 0, or says by which handle it came.
 */
struct file_message {
    uint64_t cookie;
    uint64_t tag;
    uint64_t badge;
    size_t bytes;
    void *page;
};

/*
 * Serve a message, answer in its page, and return the reply; in `*handle` the cookie
 * of a handle that is to go with it, or 0.
 */
uint64_t file_serve(struct file_server *server, const struct file_message *message,
                    uint64_t *handle);

/* Wait for a message, which will be in `page`; false when the channel has ended. */
bool file_receive(const struct file_server *server, void *page, struct file_message *message);

/* Serve a message and reply to it. */
void file_answer(struct file_server *server, const struct file_message *message);

#endif
