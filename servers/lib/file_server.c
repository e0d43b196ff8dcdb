/* One function for each kind of request that looks; a client's mistake is an answer. */
#include "file_server.h"

#include "file_request.h"

#include <string.h>

struct file_list {
    uint8_t *at;
    size_t left;
    uint32_t count;
};

/* Write an entry if it fits into `left` bytes; its size, or 0. */
static size_t put_entry(uint8_t *at, size_t left, const struct file_facts *facts, const char *name)
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
        .attributes = facts->attributes,
        .bytes = facts->bytes,
        .modified = facts->modified,
    };
    memset(entry->name, 0, entry_bytes - offsetof(struct file_entry, name));
    memcpy(entry->name, name, name_bytes);
    return entry_bytes;
}

bool file_list_put(struct file_list *list, const struct file_facts *facts, const char *name)
{
    const size_t bytes = put_entry(list->at, list->left, facts, name);
    list->at += bytes;
    list->left -= bytes;
    list->count += bytes != 0;
    return bytes != 0;
}

/* Find what a request names whose path begins at byte `at` of the message. */
static int64_t find(struct file_server *server, const struct file_message *message, size_t at,
                    uint32_t right, struct file_target *target)
{
    return file_resolve(server, message, file_rest(message, at), right, server->path, target,
                        NULL);
}

static int64_t look(struct file_server *server, const struct file_message *message, size_t at,
                    struct file_facts *facts)
{
    char name[FILE_NAME_BYTES];
    struct file_target target;
    const int64_t found = find(server, message, at, FILE_MAY_READ, &target);
    return found != 0 ? found
                      : server->operations->stat(target.volume, target.path, facts, name);
}

static uint64_t serve_size(struct file_server *server, const struct file_message *message)
{
    struct file_facts facts;
    return look(server, message, 0, &facts) == 0 ? facts.bytes : 0;
}

/* The message's size need not count the path, which ends in the page (Anos's loaders say 26). */
static uint64_t serve_load(struct file_server *server, const struct file_message *message)
{
    const struct file_load *const request = message->page;
    const uint64_t offset = request->offset;
    const struct file_client_path path = { request->path, FILE_PATH_BYTES };
    struct file_target target;
    if (message->bytes < offsetof(struct file_load, path) ||
        file_resolve(server, message, path, FILE_MAY_READ, server->path, &target, NULL) != 0) {
        return 0;
    }
    const int64_t read = server->operations->read(target.volume, target.path, offset,
                                                  message->page, ANOS_PAGE_BYTES);
    return read > 0 ? (uint64_t)read : 0;
}

static uint64_t serve_query_size(struct file_server *server, const struct file_message *message)
{
    struct file_facts facts;
    const bool is_file =
        look(server, message, offsetof(struct file_query_size, path), &facts) == 0 &&
        !(facts.attributes & FILE_DIRECTORY);
    *(struct file_size_answer *)message->page = (struct file_size_answer){
        .bytes = is_file ? facts.bytes : 0,
        .error = is_file ? 0 : FILE_ANSWER_ERROR,
    };
    return sizeof(struct file_size_answer);
}

static uint64_t serve_load_page(struct file_server *server, const struct file_message *message)
{
    const struct file_load_page *const request = message->page;
    const uint64_t first_page = request->first_page;
    const bool any = request->page_count > 0 && first_page <= UINT64_MAX / ANOS_PAGE_BYTES;
    struct file_page_answer *const answer = message->page;
    struct file_target target;
    int64_t read =
        find(server, message, offsetof(struct file_load_page, path), FILE_MAY_READ, &target);
    if (read == 0 && any) {
        read = server->operations->read(target.volume, target.path, first_page * ANOS_PAGE_BYTES,
                                        answer->data, sizeof answer->data);
    }
    answer->pages = read > 0;
    answer->error = read < 0 ? FILE_ANSWER_ERROR : 0;
    return offsetof(struct file_page_answer, data) + (read > 0 ? (uint64_t)read : 0);
}

static int64_t serve_list(struct file_server *server, const struct file_message *message)
{
    struct file_listing *const listing = message->page;
    uint64_t position = ((const struct file_request *)message->page)->position;
    struct file_target target;
    int64_t answer =
        find(server, message, offsetof(struct file_request, path), FILE_MAY_READ, &target);
    if (answer != 0) {
        return answer;
    }
    const size_t head = offsetof(struct file_listing, entries);
    struct file_list list = { listing->entries, ANOS_PAGE_BYTES - head, 0 };
    answer = server->operations->list(target.volume, target.path, &position, &list);
    if (answer != 0) {
        return answer;
    }
    listing->next = position;
    listing->count = list.count;
    listing->reserved_12 = 0;
    return (int64_t)(ANOS_PAGE_BYTES - list.left);
}

/* Every handle may be asked what it is. What may not be changed by it is read-only. */
static int64_t serve_stat(struct file_server *server, const struct file_message *message)
{
    char name[FILE_NAME_BYTES] = "";
    struct file_facts facts;
    struct file_target target;
    int64_t answer = find(server, message, offsetof(struct file_request, path), 0, &target);
    if (answer == 0) {
        answer = server->operations->stat(target.volume, target.path, &facts, name);
    }
    if (answer == 0 && !(file_rights(server, message) & FILE_MAY_WRITE)) {
        facts.attributes |= FILE_READ_ONLY;
    }
    return answer != 0 ? answer : (int64_t)put_entry(message->page, ANOS_PAGE_BYTES, &facts, name);
}

static int64_t serve_read(struct file_server *server, const struct file_message *message)
{
    const uint64_t offset = ((const struct file_request *)message->page)->position;
    struct file_target target;
    int64_t answer =
        find(server, message, offsetof(struct file_request, path), FILE_MAY_READ, &target);
    if (answer == 0) {
        answer = server->operations->read(target.volume, target.path, offset, message->page,
                                          ANOS_PAGE_BYTES);
        answer += answer >= 0;
    }
    return answer;
}

/* A handle may lead to less than the request's own channel does, never to more. */
int64_t file_serve_open(struct file_server *server, const struct file_message *message,
                        uint64_t *handle)
{
    const uint64_t asked = ((const struct file_request *)message->page)->position;
    const uint32_t allowed = file_rights(server, message);
    char name[FILE_NAME_BYTES];
    struct file_facts facts;
    struct file_target target;
    int64_t answer = find(server, message, offsetof(struct file_request, path), 0, &target);
    if (answer == 0 && asked & ~(uint64_t)FILE_MAY_ALL) {
        answer = FILE_BAD_REQUEST;
    } else if (answer == 0 && asked & ~(uint64_t)allowed) {
        answer = FILE_PROTECTED;
    }
    if (answer == 0) {
        answer = server->operations->stat(target.volume, target.path, &facts, name);
    }
    if (answer == 0) {
        const uint32_t rights = asked != 0 ? (uint32_t)asked : allowed;
        answer = file_handles_open(&server->handles, server->channel, server->path, rights, handle);
    }
    return answer != 0 ? answer : 1;
}

uint64_t file_serve(struct file_server *server, const struct file_message *message,
                    uint64_t *handle)
{
    *handle = 0;
    switch (message->tag) {
    case FILE_SIZE:
        return serve_size(server, message);
    case FILE_LOAD:
        return serve_load(server, message);
    case FILE_QUERY_SIZE:
        return serve_query_size(server, message);
    case FILE_LOAD_PAGE:
        return serve_load_page(server, message);
    case FILE_LIST:
        return (uint64_t)serve_list(server, message);
    case FILE_STAT:
        return (uint64_t)serve_stat(server, message);
    case FILE_READ:
        return (uint64_t)serve_read(server, message);
    case FILE_OPEN:
        return (uint64_t)file_serve_open(server, message, handle);
    default:
        return message->tag >= FILE_CREATE && message->tag <= FILE_SET_TIME
                   ? (uint64_t)file_serve_change(server, message)
                   : 0;
    }
}
