/* One function for each kind of request; a client's mistake is an answer. */
#include "request.h"

#include "content.h"

#include <string.h>

bool client_path_copy(struct client_path client, char path[CACHE_BLOCK_BYTES])
{
    size_t end = 0;
    while (end < client.limit && end < CACHE_BLOCK_BYTES &&
           (path[end] = ((const volatile char *)client.at)[end]) != '\0') {
        end++;
    }
    return end < client.limit && end < CACHE_BLOCK_BYTES;
}

/* Copy a path out of the client's page and find what it names. 0 or an enum file_error. */
static int64_t find(struct mounts *mounts, const char *client_path, size_t limit,
                    struct tree **tree, struct node *node)
{
    static char path[CACHE_BLOCK_BYTES];
    const char *inner;
    if (!client_path_copy((struct client_path){ client_path, limit }, path)) {
        return FILE_BAD_REQUEST;
    }
    const int64_t answer = mounts_find(mounts, path, tree, &inner);
    return answer == 0 ? tree_find(*tree, inner, node) : answer;
}

/* Find what a request names whose path is the rest of the message from `at` on. */
static int64_t find_at(struct mounts *mounts, const char *page, size_t at, size_t bytes,
                       struct tree **tree, struct node *node)
{
    return bytes < at ? FILE_BAD_REQUEST : find(mounts, page + at, bytes - at, tree, node);
}

static bool is_file(const struct node *node)
{
    return !(node->attributes & ATTRIBUTE_DIRECTORY);
}

static uint64_t size(struct mounts *mounts, size_t bytes, const void *page)
{
    struct tree *tree;
    struct node node;
    return find_at(mounts, page, 0, bytes, &tree, &node) == 0 ? node.bytes : 0;
}

/* As the RAMFS has it: the message's size need not count the path, which ends in the page. */
static uint64_t load(struct mounts *mounts, size_t bytes, void *page)
{
    const uint64_t offset = ((const struct file_load *)page)->offset;
    struct tree *tree;
    struct node node;
    if (bytes < offsetof(struct file_load, path) ||
        find(mounts, ((const struct file_load *)page)->path, FILE_PATH_BYTES, &tree, &node) != 0) {
        return 0;
    }
    const int64_t read = content_read(&tree->volume, &node, offset, page, CACHE_BLOCK_BYTES);
    return read > 0 ? (uint64_t)read : 0;
}

static uint64_t query_size(struct mounts *mounts, size_t bytes, void *page)
{
    struct tree *tree;
    struct node node = { 0 };
    const bool found = find_at(mounts, page, offsetof(struct file_query_size, path), bytes, &tree,
                               &node) == 0 && is_file(&node);
    *(struct file_size_answer *)page = (struct file_size_answer){
        .bytes = found ? node.bytes : 0,
        .error = found ? 0 : FILE_ANSWER_ERROR,
    };
    return sizeof(struct file_size_answer);
}

static uint64_t load_page(struct mounts *mounts, size_t bytes, void *page)
{
    const struct file_load_page *const request = page;
    const uint64_t first_page = request->first_page;
    const bool any = request->page_count > 0 && first_page <= UINT32_MAX / CACHE_BLOCK_BYTES;
    struct file_page_answer *const answer = page;
    struct tree *tree;
    struct node node;
    int64_t read =
        find_at(mounts, page, offsetof(struct file_load_page, path), bytes, &tree, &node);
    if (read == 0 && any) {
        read = content_read(&tree->volume, &node, first_page * CACHE_BLOCK_BYTES, answer->data,
                         sizeof answer->data);
    }
    answer->pages = read > 0;
    answer->error = read < 0 ? FILE_ANSWER_ERROR : 0;
    return offsetof(struct file_page_answer, data) + (read > 0 ? (uint64_t)read : 0);
}

/* Write an entry if it fits into `left` bytes; its size, or 0. */
static size_t put_entry(uint8_t *at, size_t left, const struct node *node, const char *name)
{
    const size_t name_bytes = strlen(name);
    const size_t exact_bytes = offsetof(struct file_entry, name) + name_bytes + 1;
    const size_t entry_bytes = (exact_bytes + 7) & ~(size_t)7;
    if (entry_bytes > left) {
        return 0;
    }
    struct file_entry *const entry = (struct file_entry *)at;
    *entry = (struct file_entry){
        .entry_bytes = (uint16_t)entry_bytes,
        .name_bytes = (uint16_t)name_bytes,
        .attributes = node->attributes,
        .bytes = node->bytes,
        .modified = node->modified,
    };
    memset(entry->name, 0, entry_bytes - offsetof(struct file_entry, name));
    memcpy(entry->name, name, name_bytes);
    return entry_bytes;
}

static int64_t list(struct mounts *mounts, size_t bytes, void *page)
{
    const uint64_t first = ((const struct file_request *)page)->position;
    struct tree *tree;
    struct node directory;
    const int64_t found =
        find_at(mounts, page, offsetof(struct file_request, path), bytes, &tree, &directory);
    if (found != 0) {
        return found;
    }
    if (is_file(&directory)) {
        return FILE_NOT_A_DIRECTORY;
    }
    if (first > DIRECTORY_ENTRIES_MAX) {
        return FILE_BAD_REQUEST;
    }
    struct file_listing *const listing = page;
    uint32_t count = 0, position = (uint32_t)first;
    size_t used = offsetof(struct file_listing, entries);
    for (;;) {
        struct entry entry;
        uint32_t next = position;
        const enum directory_answer answer =
            directory_next(&tree->volume, &directory, &next, &entry);
        if (answer == DIRECTORY_BROKEN && count == 0) {
            return FILE_IO_ERROR;
        }
        const size_t size = answer == DIRECTORY_OK
                                ? put_entry((uint8_t *)page + used, CACHE_BLOCK_BYTES - used,
                                            &entry.node, entry.name)
                                : 0;
        if (size == 0) {
            listing->next = answer == DIRECTORY_END ? 0 : position;
            listing->count = count;
            listing->reserved_12 = 0;
            return (int64_t)used;
        }
        used += size;
        count++;
        position = next;
    }
}

static int64_t stat(struct mounts *mounts, size_t bytes, void *page)
{
    struct tree *tree;
    struct node node;
    const int64_t found =
        find_at(mounts, page, offsetof(struct file_request, path), bytes, &tree, &node);
    if (found != 0) {
        return found;
    }
    return (int64_t)put_entry(page, CACHE_BLOCK_BYTES, &node,
                              node.is_root ? tree->volume.label : "");
}

static int64_t read(struct mounts *mounts, size_t bytes, void *page)
{
    const uint64_t offset = ((const struct file_request *)page)->position;
    struct tree *tree;
    struct node node;
    const int64_t found =
        find_at(mounts, page, offsetof(struct file_request, path), bytes, &tree, &node);
    if (found != 0) {
        return found;
    }
    const int64_t count = content_read(&tree->volume, &node, offset, page, CACHE_BLOCK_BYTES);
    return count < 0 ? count : count + 1;
}

uint64_t request_serve(struct mounts *mounts, uint64_t tag, size_t bytes, void *page)
{
    switch (tag) {
    case FILE_SIZE:
        return size(mounts, bytes, page);
    case FILE_LOAD:
        return load(mounts, bytes, page);
    case FILE_QUERY_SIZE:
        return query_size(mounts, bytes, page);
    case FILE_LOAD_PAGE:
        return load_page(mounts, bytes, page);
    case FILE_LIST:
        return (uint64_t)list(mounts, bytes, page);
    case FILE_STAT:
        return (uint64_t)stat(mounts, bytes, page);
    case FILE_READ:
        return (uint64_t)read(mounts, bytes, page);
    default:
        return tag >= FILE_CREATE && tag <= FILE_SET_TIME
                   ? (uint64_t)change_request_serve(mounts, tag, bytes, page)
                   : 0;
    }
}
