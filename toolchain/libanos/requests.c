/* Sending requests to filesystems, and what their errors are as errno. */
#include "requests.h"

#include <anos/abi.h>
#include <stdatomic.h>
#include <string.h>

#define KEPT_BYTES_MAX 512 /* of a request that is made again when the filesystem was restarted */
#define TRIES_MAX 16

static long error_number(int64_t error)
{
    switch (error) {
    case FILE_NOT_FOUND:
        return -ENOENT;
    case FILE_NOT_A_DIRECTORY:
        return -ENOTDIR;
    case FILE_IS_A_DIRECTORY:
        return -EISDIR;
    case FILE_BAD_REQUEST:
    case FILE_BAD_NAME:
        return -EINVAL;
    case FILE_EXISTS:
        return -EEXIST;
    case FILE_NO_SPACE:
        return -ENOSPC;
    case FILE_NOT_EMPTY:
        return -ENOTEMPTY;
    case FILE_PROTECTED:
        return -EACCES;
    case FILE_TOO_LARGE:
        return -EFBIG;
    case FILE_STALE:
        return -ESTALE;
    case FILE_IO_ERROR:
    default: /* one that we do not know */
        return -EIO;
    }
}

/* Can a request be made twice, and its answer be as if it was made once? */
static bool may_repeat(enum file_tag tag)
{
    return tag == FILE_STAT || tag == FILE_LIST || tag == FILE_READ;
}

static atomic_uint restarts;

HIDDEN unsigned __anos_restarts(void)
{
    return restarts;
}

HIDDEN long __anos_send(const struct place *place, enum file_tag tag, size_t bytes, void *page)
{
    uint8_t kept[KEPT_BYTES_MAX]; /* the answer comes into the same page */
    const bool repeats = may_repeat(tag) && bytes <= sizeof kept;
    if (repeats) {
        memcpy(kept, page, bytes);
    }
    struct anos_result answer = anos_send_message(place->channel, tag, bytes, page);
    restarts += answer.type == ANOS_RESTARTED;
    for (int i = 0; answer.type == ANOS_RESTARTED && repeats && i < TRIES_MAX; i++) {
        memcpy(page, kept, bytes);
        answer = anos_send_message(place->channel, tag, bytes, page);
    }
    if (answer.type == ANOS_RESTARTED) {
        return -ESTALE; /* it may be done or not */
    }
    if (answer.type == ANOS_INCAPABLE) {
        return -EACCES;
    }
    if (answer.type != ANOS_OK) {
        return -EIO; /* it is gone, or does not know the request */
    }
    const int64_t reply = (int64_t)answer.value;
    return reply < 0 ? error_number(reply) : reply;
}

HIDDEN size_t __anos_put_path(const struct place *place, char *to, size_t room)
{
    const size_t bytes = strlen(place->path) + 1 + place->is_relative;
    if (bytes > room) {
        return 0;
    }
    if (place->is_relative) {
        *to++ = ':'; /* up to the first one nothing counts: a later one belongs to a name */
    }
    strcpy(to, place->path);
    return bytes;
}

HIDDEN long __anos_ask(const struct place *place, enum file_tag tag, uint64_t position, void *page)
{
    struct file_request *const request = page;
    request->position = position;
    const size_t bytes = __anos_put_path(place, request->path, sizeof request->path);
    return bytes == 0 ? -ENAMETOOLONG
                      : __anos_send(place, tag, offsetof(struct file_request, path) + bytes, page);
}

HIDDEN long __anos_ask_rename(const struct place *from, const struct place *to, void *page)
{
    struct file_request *const request = page;
    request->position = 0;
    const size_t room = sizeof request->path;
    const size_t old_bytes = __anos_put_path(from, request->path, room);
    const size_t new_bytes = __anos_put_path(to, request->path + old_bytes, room - old_bytes);
    if (old_bytes == 0 || new_bytes == 0) {
        return -ENAMETOOLONG;
    }
    return __anos_send(from, FILE_RENAME,
                       offsetof(struct file_request, path) + old_bytes + new_bytes, page);
}

HIDDEN long __anos_ask_entry(const struct place *place, struct file_entry **entry, void *page)
{
    const long answer = __anos_ask(place, FILE_STAT, 0, page);
    if (answer < 0) {
        return answer;
    }
    *entry = page;
    const bool is_one = answer >= (long)offsetof(struct file_entry, name);
    return is_one && (*entry)->bytes <= INT64_MAX ? 0 : -EIO;
}
