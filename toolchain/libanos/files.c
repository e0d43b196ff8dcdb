/*
 * Reading and writing files of filesystems: as many messages as it takes, each of which
 * moves up to a page. Nothing is kept between calls, so a program reads what others have
 * written, and an error of a write is an error of the call that wrote.
 */
#include "open_files.h"

#include <anos/abi.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

HIDDEN struct disk_file *__anos_disk_file(struct open_file *file)
{
    return file->kind == &__anos_disk_kind ? (struct disk_file *)file : NULL;
}

/*
 * May what was written to it be lost, since its filesystem was restarted? It cannot be written
 * or synced any more then: who wrote it must begin anew.
 */
HIDDEN bool __anos_is_stale(const struct disk_file *disk_file)
{
    return (disk_file->file.flags & O_ACCMODE) != O_RDONLY &&
           disk_file->restarts != __anos_restarts();
}

static long disk_read(struct open_file *file, struct span *to, int64_t position)
{
    const struct disk_file *const disk_file = (struct disk_file *)file;
    if (disk_file->is_directory) {
        return -EISDIR;
    }
    MESSAGE_PAGE(page);
    long done = 0;
    bool is_end = false;
    while (to->left > 0 && !is_end) {
        const long answer =
            __anos_ask(&disk_file->place, FILE_READ, (uint64_t)position + (uint64_t)done, page);
        const long error = answer > 1 + (long)sizeof page ? -EIO : answer;
        if (error < 0) {
            return done > 0 ? done : error;
        }
        const size_t found = (size_t)answer - 1;
        const size_t count = found < to->left ? found : to->left;
        __anos_span_put(to, page, count);
        done += (long)count;
        is_end = found < sizeof page;
    }
    return done;
}

/* Write one message: how much of the span, or an error. */
static long write_some(const struct disk_file *disk_file, struct span *from, int64_t position,
                       void *page)
{
    struct file_write *const request = page;
    const size_t room = ANOS_PAGE_BYTES - sizeof *request;
    const size_t path_bytes = __anos_put_path(&disk_file->place, request->path, room);
    const size_t data_at = (path_bytes + 7) & ~(size_t)7; /* aligned */
    if (path_bytes == 0 || data_at >= room) {
        return -ENAMETOOLONG;
    }
    const size_t count = from->left < room - data_at ? from->left : room - data_at;
    request->position = (uint64_t)position;
    request->bytes = (uint32_t)count;
    request->path_bytes = (uint32_t)data_at;
    __anos_span_take(from, request->path + data_at, count);
    const long answer =
        __anos_send(&disk_file->place, FILE_WRITE, sizeof *request + data_at + count, page);
    if (answer < 0) {
        return answer;
    }
    return answer < 2 || answer > 1 + (long)count ? -EIO : answer - 1;
}

static long disk_write(struct open_file *file, struct span *from, int64_t position)
{
    const struct disk_file *const disk_file = (struct disk_file *)file;
    if (__anos_is_stale(disk_file)) {
        return -ESTALE;
    }
    MESSAGE_PAGE(page);
    const size_t wanted = from->left;
    long done = 0;
    /* All that was taken from the span is written, or this was the last message. */
    while (from->left > 0 && wanted - from->left == (size_t)done) {
        int64_t place;
        const bool is_too_far = __builtin_add_overflow(position, done, &place);
        const long count = is_too_far ? -EFBIG : write_some(disk_file, from, place, page);
        if (count < 0) {
            return done > 0 ? done : count;
        }
        done += count;
    }
    if (file->flags & O_DSYNC) {
        const long error = __anos_ask(&disk_file->place, FILE_SYNC, 0, page);
        return error < 0 ? error : done;
    }
    return done;
}

static int64_t disk_size(struct open_file *file)
{
    const struct disk_file *const disk_file = (struct disk_file *)file;
    MESSAGE_PAGE(page);
    struct file_entry *entry;
    if (disk_file->is_directory) {
        return -EINVAL;
    }
    const long error = __anos_ask_entry(&disk_file->place, &entry, page);
    return error < 0 ? error : (int64_t)entry->bytes;
}

static void disk_close(struct open_file *file)
{
    struct disk_file *const disk_file = (struct disk_file *)file;
    free(disk_file->listing);
    free(disk_file);
}

HIDDEN const struct file_kind __anos_disk_kind = {
    .read = disk_read,
    .write = disk_write,
    .size = disk_size,
    .close = disk_close,
};
