/*
 * From a request's path to what it means. A client may change its page while we
 * look at it, so nothing is tested before it is copied.
 */
#include "file_request.h"

#include <string.h>

struct file_client_path file_rest(const struct file_message *message, size_t at)
{
    const size_t limit = message->bytes < at ? 0 : message->bytes - at;
    return (struct file_client_path){ (const char *)message->page + at, limit };
}

/* Copy a path with its NUL: how many bytes, or 0 if it has no end in time. */
static size_t copy(struct file_client_path client, char *to, size_t room)
{
    const size_t limit = client.limit < room ? client.limit : room;
    for (size_t i = 0; i < limit; i++) {
        to[i] = ((const volatile char *)client.at)[i];
        if (to[i] == '\0') {
            return i + 1;
        }
    }
    return 0;
}

uint32_t file_rights(const struct file_server *server, const struct file_message *message)
{
    if (message->badge == 0) {
        return server->operations->create != NULL ? FILE_MAY_ALL : FILE_MAY_READ;
    }
    const struct file_handle *const handle =
        file_handles_find(&server->handles, message->badge);
    return handle != NULL ? handle->rights : 0;
}

/* A path that came through a handle is below that, whatever mount is in front of it. */
static int64_t put_below(const struct file_handle *handle, char path[ANOS_PAGE_BYTES],
                         struct file_target *target)
{
    const char *const colon = strchr(path, ':');
    const char *names = colon != NULL ? colon + 1 : path;
    names += strspn(names, "/");
    const size_t base_bytes = strlen(handle->path), name_bytes = strlen(names) + 1;
    target->is_handle = *names == '\0';
    if (base_bytes + 1 + name_bytes > ANOS_PAGE_BYTES) {
        return FILE_BAD_REQUEST;
    }
    memmove(path + base_bytes + 1, names, name_bytes);
    memcpy(path, handle->path, base_bytes);
    path[base_bytes] = target->is_handle ? '\0' : '/';
    return 0;
}

int64_t file_resolve(struct file_server *server, const struct file_message *message,
                     struct file_client_path client, uint32_t right, char path[ANOS_PAGE_BYTES],
                     struct file_target *target, size_t *used)
{
    const size_t bytes = copy(client, path, ANOS_PAGE_BYTES);
    int64_t answer = bytes == 0 ? FILE_BAD_REQUEST : 0;
    target->is_handle = false;
    if (used != NULL) {
        *used = bytes;
    }
    if (answer == 0 && message->badge != 0) {
        const struct file_handle *const handle =
            file_handles_find(&server->handles, message->badge);
        answer = handle != NULL ? put_below(handle, path, target)
                 : file_handles_is_stale(&server->handles, message->badge) ? FILE_STALE
                                                                           : FILE_NOT_FOUND;
    }
    if (answer == 0 && right != 0 && !(file_rights(server, message) & right)) {
        answer = FILE_PROTECTED;
    }
    if (answer == 0) {
        answer = server->operations->find_volume(server->files, path, &target->volume,
                                                 &target->path);
    }
    return answer;
}
