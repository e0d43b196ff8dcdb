/* The requests that change something. */
#include "file_request.h"

#include <string.h>

/* The data of a write are read from the client's page once, by the filesystem. */
static int64_t serve_write(struct file_server *server, const struct file_message *message)
{
    struct file_write head;
    struct file_target target;
    if (message->bytes < sizeof head) {
        return FILE_BAD_REQUEST;
    }
    memcpy(&head, message->page, sizeof head);
    const struct file_client_path rest = file_rest(message, sizeof head);
    if (head.path_bytes > rest.limit || head.bytes > rest.limit - head.path_bytes) {
        return FILE_BAD_REQUEST;
    }
    const struct file_client_path path = { rest.at, head.path_bytes };
    int64_t answer = file_resolve(server, message, path, FILE_MAY_WRITE, server->path, &target,
                                  NULL);
    if (answer == 0) {
        answer = server->operations->write(target.volume, target.path, head.position,
                                           rest.at + head.path_bytes, head.bytes);
        answer += answer >= 0;
    }
    return answer;
}

static int64_t serve_rename(struct file_server *server, const struct file_message *message,
                            const struct file_target *old, struct file_client_path rest)
{
    struct file_target target;
    const int64_t answer = file_resolve(server, message, rest, FILE_MAY_WRITE, server->new_path,
                                        &target, NULL);
    if (answer == 0 && (target.is_handle || target.volume != old->volume)) {
        return FILE_BAD_REQUEST; /* whoever wants another volume copies the file */
    }
    return answer != 0 ? answer
                       : server->operations->rename(old->volume, old->path, target.path);
}

/* What a handle stands for is in a directory that the handle is no right to. */
static int64_t check_handle(uint64_t tag)
{
    switch (tag) {
    case FILE_CREATE:
    case FILE_MAKE_DIRECTORY:
        return FILE_EXISTS;
    case FILE_RENAME:
    case FILE_REMOVE:
    case FILE_REMOVE_DIRECTORY:
        return FILE_BAD_REQUEST;
    default:
        return 0;
    }
}

int64_t file_serve_change(struct file_server *server, const struct file_message *message)
{
    const struct file_operations *const operations = server->operations;
    const uint64_t tag = message->tag;
    if (tag == FILE_WRITE) {
        return serve_write(server, message);
    }
    const uint64_t position = ((const struct file_request *)message->page)->position;
    const struct file_client_path client =
        file_rest(message, offsetof(struct file_request, path));
    struct file_target target;
    size_t used;
    int64_t answer = file_resolve(server, message, client, tag == FILE_SYNC ? 0 : FILE_MAY_WRITE,
                                  server->path, &target, &used);
    if (answer == 0 && target.is_handle) {
        answer = check_handle(tag);
    }
    if (answer != 0) {
        return answer;
    }
    switch (tag) {
    case FILE_CREATE:
        answer = operations->create(target.volume, target.path);
        break;
    case FILE_TRUNCATE:
        answer = operations->truncate(target.volume, target.path, position);
        break;
    case FILE_RENAME:
        answer = serve_rename(
            server, message, &target,
            (struct file_client_path){ client.at + used, client.limit - used });
        break;
    case FILE_REMOVE:
        answer = operations->remove(target.volume, target.path);
        break;
    case FILE_MAKE_DIRECTORY:
        answer = operations->make_directory(target.volume, target.path);
        break;
    case FILE_REMOVE_DIRECTORY:
        answer = operations->remove_directory(target.volume, target.path);
        break;
    case FILE_SYNC:
        answer = operations->sync != NULL ? operations->sync(target.volume) : 0;
        break;
    default:
        answer = operations->set_time(target.volume, target.path, (int64_t)position);
    }
    return answer < 0 ? answer : 1;
}
