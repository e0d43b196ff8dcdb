/* What the files of the server's half of the file protocol share. */
#ifndef FILE_REQUEST_H
#define FILE_REQUEST_H

#include "file_server.h"

#define FILE_MAY_ALL (FILE_MAY_READ | FILE_MAY_WRITE)

/* What a request's path means. */
struct file_target {
    void *volume;
    const char *path; /* without its mount */
    bool is_handle;   /* it is what the handle itself stands for */
};

/* A path in a client's page: at most `limit` bytes of it count. */
struct file_client_path {
    const char *at;
    size_t limit;
};

/* The rest of a message from byte `at` on as a path; of none if the message is shorter. */
struct file_client_path file_rest(const struct file_message *message, size_t at);

/* What a message may by the handle that it came through: FILE_MAY_... */
uint32_t file_rights(const struct file_server *server, const struct file_message *message);

/*
 * Copy a path out of a client's page to `path` and find what it means, if the message
 * has one of these rights (0: needs none): 0 or an enum file_error. In `*used`, unless
 * that is NULL, how many bytes it had in the page, with its NUL.
 */
int64_t file_resolve(struct file_server *server, const struct file_message *message,
                     struct file_client_path client, uint32_t right, char path[ANOS_PAGE_BYTES],
                     struct file_target *target, size_t *used);

/* Serve a request that changes something: an answer of file.h. */
int64_t file_serve_change(struct file_server *server, const struct file_message *message);

/* Serve FILE_OPEN: 1 and the handle's cookie, or an enum file_error. */
int64_t file_serve_open(struct file_server *server, const struct file_message *message,
                        uint64_t *handle);

#endif
