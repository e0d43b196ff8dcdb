/*
 * The RAMFS as a filesystem: "boot:", one directory of files that never change.
 *
 * Requests of Anos are answered to the letter (anos-abi 8.4): FILE_SIZE and FILE_LOAD,
 * and no others. Ours, and all that comes through a handle, as every filesystem does.
 */
#include "file_server.h"
#include "path.h"
#include "ramfs.h"
#include "service.h"

#include <stdio.h>
#include <string.h>

#define FILE_LOAD_HEADER offsetof(struct file_load, path)
#define FILE_LOAD_SLACK 4 /* a load's size counts only so much before the path, at least */

/* ---- Anos's requests ---- */

static uint64_t size(const struct file_message *message)
{
    char path[ANOS_PAGE_BYTES];
    return path_copy(path, message->page, sizeof path, message->bytes) ? ramfs_find(path).bytes
                                                                       : 0;
}

static uint64_t load(const struct file_message *message)
{
    const struct file_load *const request = message->page;
    char path[FILE_PATH_BYTES];
    if (message->bytes < FILE_LOAD_HEADER ||
        !path_copy(path, request->path, sizeof path, message->bytes - FILE_LOAD_SLACK)) {
        return 0;
    }
    const uint64_t offset = request->offset;
    const struct ramfs_file file = ramfs_find(path);
    if (file.data == NULL || offset >= file.bytes) {
        return 0;
    }
    const size_t left = file.bytes - offset;
    const size_t bytes = left < ANOS_PAGE_BYTES ? left : ANOS_PAGE_BYTES;
    memcpy(message->page, file.data + offset, bytes);
    return bytes;
}

/* Answer a request of Anos that came by no handle; false: it is none. */
static bool answer_anos(const struct file_message *message)
{
    uint64_t reply = 0;
    switch (message->badge == 0 ? message->tag : FILE_OPEN) {
    case FILE_SIZE:
        reply = size(message);
        break;
    case FILE_LOAD:
        reply = load(message);
        break;
    case FILE_QUERY_SIZE:
    case FILE_LOAD_PAGE:
        break;
    default:
        return false;
    }
    anos_reply_message(message->cookie, reply);
    return true;
}

/* ---- ours ---- */

static int64_t find_volume(void *files, const char *path, void **volume, const char **inner)
{
    const size_t mount_bytes = path_mount_bytes(path);
    *volume = files;
    *inner = path + mount_bytes + strspn(path + mount_bytes, "/");
    return mount_bytes != 0 ? 0 : FILE_BAD_REQUEST;
}

/* The file that a path names: 0, or an error. The root is FILE_IS_A_DIRECTORY. */
static int64_t find(const char *path, struct ramfs_file *file)
{
    char name[ANOS_RAMFS_NAME_BYTES];
    const size_t bytes = strcspn(path, "/");
    if (bytes == 0) {
        return FILE_IS_A_DIRECTORY;
    }
    if (bytes >= sizeof name) {
        return FILE_NOT_FOUND;
    }
    memcpy(name, path, bytes);
    name[bytes] = '\0';
    *file = ramfs_named(name);
    return file->data == NULL ? FILE_NOT_FOUND : path[bytes] == '/' ? FILE_NOT_A_DIRECTORY : 0;
}

static struct file_facts facts_of(const struct ramfs_file *file)
{
    return (struct file_facts){ .attributes = FILE_READ_ONLY, .bytes = file->bytes };
}

static int64_t stat(void *volume, const char *path, struct file_facts *facts,
                    char name[FILE_NAME_BYTES])
{
    (void)volume;
    struct ramfs_file file;
    const int64_t answer = find(path, &file);
    name[0] = '\0';
    if (answer == FILE_IS_A_DIRECTORY) {
        *facts = (struct file_facts){ .attributes = FILE_DIRECTORY | FILE_READ_ONLY };
        return 0;
    }
    if (answer == 0) {
        *facts = facts_of(&file);
    }
    return answer;
}

static int64_t list(void *volume, const char *path, uint64_t *position, struct file_list *entries)
{
    (void)volume;
    struct ramfs_file file;
    const int64_t answer = find(path, &file);
    if (answer != FILE_IS_A_DIRECTORY) {
        return answer == 0 ? FILE_NOT_A_DIRECTORY : answer;
    }
    for (;; ++*position) {
        file = ramfs_at(*position);
        if (file.data == NULL) {
            *position = 0;
            return 0;
        }
        const struct file_facts facts = facts_of(&file);
        if (!file_list_put(entries, &facts, file.name)) {
            return 0;
        }
    }
}

static int64_t read(void *volume, const char *path, uint64_t offset, void *to, size_t bytes)
{
    (void)volume;
    struct ramfs_file file;
    const int64_t answer = find(path, &file);
    if (answer != 0 || offset >= file.bytes) {
        return answer;
    }
    const size_t left = file.bytes - offset, count = left < bytes ? left : bytes;
    memcpy(to, file.data + offset, count);
    return (int64_t)count;
}

static const struct file_operations operations = {
    .find_volume = find_volume,
    .stat = stat,
    .list = list,
    .read = read,
};

void *ramfs_serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t window[ANOS_PAGE_BYTES];
    static struct file_server server = { .operations = &operations };
    struct file_message message;
    service_own_stack();
    server.channel = (uint64_t)channel;
    while (file_receive(&server, window, &message)) {
        if (!answer_anos(&message)) {
            file_answer(&server, &message);
        }
    }
    printf("SYSTEM: the RAMFS ends, its channel is gone\n");
    return NULL;
}
