/*
 * Where programs come from: the RAMFS's pages lie in SYSTEM's image and are
 * mapped as they are; any other file is read into pages of its own, each of
 * them the very page of the message that asks for it.
 */
#include "program_file.h"

#include "again.h"
#include "file.h"
#include "mounts.h"
#include "pages.h"
#include "process.h"
#include "ramfs.h"

#include <string.h>

#define PROGRAM_BYTES_MAX 0x4000000

/* Ask a filesystem about a path; the answer's value, 0 if there is none. */
static uint64_t ask(uint64_t channel, enum file_tag tag, size_t bytes, void *page)
{
    const struct anos_result answer = send_again(channel, tag, bytes, page);
    return answer.type == ANOS_OK ? answer.value : 0;
}

static uint64_t ask_size(uint64_t channel, const char *path)
{
    uint8_t *const page = pages_get(ANOS_PAGE_BYTES);
    if (page == NULL) {
        return 0;
    }
    strcpy((char *)page, path);
    const uint64_t bytes = ask(channel, FILE_SIZE, strlen(path) + 1, page);
    pages_put(page, ANOS_PAGE_BYTES);
    return bytes;
}

static bool load_page(uint64_t channel, const char *path, uint64_t offset, uint8_t *page,
                      size_t expected_bytes)
{
    struct file_load *const request = (struct file_load *)page;
    const size_t path_bytes = strlen(path) + 1;
    request->offset = offset;
    memcpy(request->path, path, path_bytes);
    const size_t request_bytes = offsetof(struct file_load, path) + path_bytes;
    if (ask(channel, FILE_LOAD, request_bytes, page) != expected_bytes) {
        return false;
    }
    memset(page + expected_bytes, 0, ANOS_PAGE_BYTES - expected_bytes);
    return true;
}

static int64_t read_file(struct program_file *file, const char *path)
{
    const uint64_t channel = mounts_find(path);
    if (channel == 0 || strlen(path) >= FILE_PATH_BYTES) {
        return SPAWN_NO_FILE;
    }
    const uint64_t bytes = ask_size(channel, path);
    if (bytes == 0) {
        return SPAWN_NO_FILE;
    }
    if (bytes > PROGRAM_BYTES_MAX) {
        return SPAWN_NOT_EXECUTABLE;
    }
    struct anos_mem_info memory = { 0 };
    anos_get_mem_info(&memory);
    file->pages = bytes + RESERVE_BYTES > memory.free_bytes ? NULL : pages_get(bytes);
    if (file->pages == NULL) {
        return SPAWN_NO_MEMORY;
    }
    file->data = file->pages;
    file->bytes = bytes;
    for (uint64_t offset = 0; offset < bytes; offset += ANOS_PAGE_BYTES) {
        const uint64_t left = bytes - offset;
        if (!load_page(channel, path, offset, file->pages + offset,
                       left < ANOS_PAGE_BYTES ? left : ANOS_PAGE_BYTES)) {
            program_file_close(file);
            return SPAWN_NO_FILE;
        }
    }
    return 0;
}

int64_t program_file_open(struct program_file *file, const char *path)
{
    *file = (struct program_file){ 0 };
    if (!ramfs_has_mount(path)) {
        return read_file(file, path);
    }
    const struct ramfs_file found = ramfs_find(path);
    file->data = found.data;
    file->bytes = found.bytes;
    return found.data == NULL ? SPAWN_NO_FILE : 0;
}

void program_file_close(struct program_file *file)
{
    pages_put(file->pages, file->bytes);
    *file = (struct program_file){ 0 };
}
