/* The client's half of the file protocol. */
#include "file_client.h"

#include "vfs.h"

#include <anos/abi.h>
#include <string.h>

uint64_t file_system(const char *path, void *page)
{
    const size_t path_bytes = strlen(path) + 1;
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    if (vfs == 0 || path_bytes > ANOS_PAGE_BYTES) {
        return 0;
    }
    memcpy(page, path, path_bytes);
    return anos_send_message(vfs, VFS_FIND, path_bytes, page).value;
}

/* Write a request into the page: its bytes, or 0 if the path is too long. */
static size_t put_request(const char *path, uint64_t position, void *page)
{
    struct file_request *const request = page;
    const size_t path_bytes = strlen(path) + 1;
    if (path_bytes > sizeof request->path) {
        return 0;
    }
    request->position = position;
    memcpy(request->path, path, path_bytes);
    return offsetof(struct file_request, path) + path_bytes;
}

/* A filesystem's reply, or an error in its place. */
static int64_t reply_of(struct anos_result answer)
{
    return answer.type == ANOS_OK          ? (int64_t)answer.value
           : answer.type == ANOS_RESTARTED ? FILE_STALE
                                           : FILE_NO_ANSWER;
}

/* Send one of our own requests; the reply, or an error. */
static int64_t ask(uint64_t filesystem, enum file_tag tag, const char *path, uint64_t position,
                   void *page)
{
    const size_t bytes = put_request(path, position, page);
    if (bytes == 0) {
        return FILE_NO_ANSWER;
    }
    return reply_of(anos_send_message(filesystem, tag, bytes, page));
}

int64_t file_stat(uint64_t filesystem, const char *path, void *page)
{
    const int64_t answer = ask(filesystem, FILE_STAT, path, 0, page);
    return answer < 0 ? answer : 0;
}

int64_t file_list(uint64_t filesystem, const char *path, uint64_t position, void *page)
{
    const int64_t answer = ask(filesystem, FILE_LIST, path, position, page);
    return answer < 0 ? answer : 0;
}

int64_t file_read(uint64_t filesystem, const char *path, uint64_t offset, void *page)
{
    const int64_t answer = ask(filesystem, FILE_READ, path, offset, page);
    return answer < 0 ? answer : answer - 1;
}

/* Ask for a change: 0 or an error. */
static int64_t change(uint64_t filesystem, enum file_tag tag, const char *path, uint64_t position,
                      void *page)
{
    const int64_t answer = ask(filesystem, tag, path, position, page);
    return answer < 0 ? answer : 0;
}

int64_t file_create(uint64_t filesystem, const char *path, void *page)
{
    return change(filesystem, FILE_CREATE, path, 0, page);
}

int64_t file_write(uint64_t filesystem, const char *path, uint64_t offset, const void *from,
                   size_t bytes, void *page)
{
    struct file_write *const request = page;
    const size_t path_bytes = (strlen(path) + 1 + 7) & ~(size_t)7; /* the data are aligned */
    const size_t head_bytes = sizeof *request + path_bytes;
    if (head_bytes >= ANOS_PAGE_BYTES) {
        return FILE_NO_ANSWER;
    }
    const size_t room = ANOS_PAGE_BYTES - head_bytes, count = bytes < room ? bytes : room;
    request->position = offset;
    request->bytes = (uint32_t)count;
    request->path_bytes = (uint32_t)path_bytes;
    strcpy(request->path, path);
    memcpy(request->path + path_bytes, from, count);
    const int64_t reply =
        reply_of(anos_send_message(filesystem, FILE_WRITE, head_bytes + count, page));
    return reply < 0 ? reply : reply - 1;
}

int64_t file_truncate(uint64_t filesystem, const char *path, uint64_t bytes, void *page)
{
    return change(filesystem, FILE_TRUNCATE, path, bytes, page);
}

int64_t file_rename(uint64_t filesystem, const char *old_path, const char *new_path, void *page)
{
    struct file_request *const request = page;
    const size_t old_bytes = strlen(old_path) + 1, new_bytes = strlen(new_path) + 1;
    if (old_bytes + new_bytes > sizeof request->path) {
        return FILE_NO_ANSWER;
    }
    request->position = 0;
    memcpy(mempcpy(request->path, old_path, old_bytes), new_path, new_bytes);
    const size_t bytes = offsetof(struct file_request, path) + old_bytes + new_bytes;
    const int64_t reply = reply_of(anos_send_message(filesystem, FILE_RENAME, bytes, page));
    return reply < 0 ? reply : 0;
}

int64_t file_remove(uint64_t filesystem, const char *path, void *page)
{
    return change(filesystem, FILE_REMOVE, path, 0, page);
}

int64_t file_make_directory(uint64_t filesystem, const char *path, void *page)
{
    return change(filesystem, FILE_MAKE_DIRECTORY, path, 0, page);
}

int64_t file_remove_directory(uint64_t filesystem, const char *path, void *page)
{
    return change(filesystem, FILE_REMOVE_DIRECTORY, path, 0, page);
}

int64_t file_sync(uint64_t filesystem, const char *path, void *page)
{
    return change(filesystem, FILE_SYNC, path, 0, page);
}

int64_t file_set_time(uint64_t filesystem, const char *path, int64_t seconds, void *page)
{
    return change(filesystem, FILE_SET_TIME, path, (uint64_t)seconds, page);
}

int64_t file_open(uint64_t filesystem, const char *path, uint32_t rights, uint64_t *handle,
                  void *page)
{
    struct anos_transfer transfer = { .count = 0 };
    const size_t bytes = put_request(path, rights, page);
    if (bytes == 0) {
        return FILE_NO_ANSWER;
    }
    const struct anos_result answer =
        anos_send_transfer(filesystem, FILE_OPEN, bytes, page, &transfer);
    if (reply_of(answer) < 0) {
        return reply_of(answer);
    }
    *handle = transfer.count > 0 ? transfer.slots[0].cookie : 0;
    return *handle != 0 ? 0 : FILE_NO_ANSWER;
}

const char *file_error_text(int64_t error)
{
    switch (error) {
    case FILE_NOT_FOUND:
        return "no such file";
    case FILE_NOT_A_DIRECTORY:
        return "not a directory";
    case FILE_IS_A_DIRECTORY:
        return "a directory";
    case FILE_IO_ERROR:
        return "the disk cannot be read there or is damaged";
    case FILE_BAD_REQUEST:
        return "a bad request";
    case FILE_EXISTS:
        return "the name is taken";
    case FILE_NO_SPACE:
        return "no space left";
    case FILE_NOT_EMPTY:
        return "the directory is not empty";
    case FILE_BAD_NAME:
        return "the filesystem cannot have such a name";
    case FILE_PROTECTED:
        return "it may not be changed, or not be read, that way";
    case FILE_TOO_LARGE:
        return "larger than a file can be";
    case FILE_NO_HANDLES:
        return "this kernel has no handles on files";
    case FILE_STALE:
        return "the filesystem was restarted; what was not synced may be lost";
    default:
        return "the filesystem does not answer";
    }
}
