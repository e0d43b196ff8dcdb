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

/* Send one of our own requests; the reply, or an error. */
static int64_t ask(uint64_t filesystem, enum file_tag tag, const char *path, uint64_t position,
                   void *page)
{
    struct file_request *const request = page;
    const size_t path_bytes = strlen(path) + 1;
    if (path_bytes > sizeof request->path) {
        return FILE_NO_ANSWER;
    }
    request->position = position;
    memcpy(request->path, path, path_bytes);
    const struct anos_result answer = anos_send_message(
        filesystem, tag, offsetof(struct file_request, path) + path_bytes, page);
    return answer.type == ANOS_OK ? (int64_t)answer.value : FILE_NO_ANSWER;
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
    default:
        return "the filesystem does not answer";
    }
}
