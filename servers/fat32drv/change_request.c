/* The requests that change something: paths are copied out of the page, then tested. */
#include "change.h"
#include "request.h"

#include <string.h>

static char path[CACHE_BLOCK_BYTES], new_path[CACHE_BLOCK_BYTES];

/* The data of a write are read from the client's page once, into the cache. */
static int64_t serve_write(struct mounts *mounts, size_t bytes, const void *page)
{
    struct file_write head;
    struct tree *tree;
    const char *inner;
    if (bytes < sizeof head) {
        return FILE_BAD_REQUEST;
    }
    memcpy(&head, page, sizeof head);
    const size_t rest = bytes - sizeof head;
    const char *const client = (const char *)page + sizeof head;
    if (head.path_bytes > rest || head.bytes > rest - head.path_bytes ||
        !client_path_copy((struct client_path){ client, head.path_bytes }, path)) {
        return FILE_BAD_REQUEST;
    }
    int64_t answer = mounts_find(mounts, path, &tree, &inner);
    if (answer == 0) {
        answer = change_write(tree, inner, head.position, client + head.path_bytes, head.bytes);
    }
    return answer < 0 ? answer : answer + 1;
}

static int64_t serve_rename(struct mounts *mounts, const char *client, size_t limit,
                            struct tree *tree, const char *inner)
{
    const size_t used = strlen(path) + 1;
    struct tree *new_tree;
    const char *new_inner;
    if (!client_path_copy((struct client_path){ client + used, limit - used }, new_path)) {
        return FILE_BAD_REQUEST;
    }
    const int64_t answer = mounts_find(mounts, new_path, &new_tree, &new_inner);
    if (answer == 0 && new_tree != tree) {
        return FILE_BAD_REQUEST; /* whoever wants that copies the file */
    }
    return answer == 0 ? change_rename(tree, inner, new_inner) : answer;
}

int64_t change_request_serve(struct mounts *mounts, uint64_t tag, size_t bytes, const void *page)
{
    struct tree *tree;
    const char *inner;
    if (tag == FILE_WRITE) {
        return serve_write(mounts, bytes, page);
    }
    const struct file_request *const request = page;
    const uint64_t position = request->position;
    const size_t head = offsetof(struct file_request, path);
    if (bytes < head ||
        !client_path_copy((struct client_path){ request->path, bytes - head }, path)) {
        return FILE_BAD_REQUEST;
    }
    int64_t answer = mounts_find(mounts, path, &tree, &inner);
    if (answer != 0) {
        return answer;
    }
    switch (tag) {
    case FILE_CREATE:
        answer = change_create(tree, inner);
        break;
    case FILE_TRUNCATE:
        answer = change_truncate(tree, inner, position);
        break;
    case FILE_RENAME:
        answer = serve_rename(mounts, request->path, bytes - head, tree, inner);
        break;
    case FILE_REMOVE:
        answer = change_remove(tree, inner);
        break;
    case FILE_MAKE_DIRECTORY:
        answer = change_make_directory(tree, inner);
        break;
    case FILE_REMOVE_DIRECTORY:
        answer = change_remove_directory(tree, inner);
        break;
    case FILE_SYNC:
        answer = change_sync(tree);
        break;
    default:
        answer = change_set_time(tree, inner, (int64_t)position);
    }
    return answer < 0 ? answer : 1;
}
