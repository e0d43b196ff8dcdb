/* Reading, writing and positions, whatever kind of file it is. */
#include "descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

#define PIECES_MAX 1024 /* IOV_MAX */

/* A span of all the pieces. 0 or -EINVAL. */
static long begin(struct span *span, const struct iovec *pieces, long count)
{
    if (count < 0 || count > PIECES_MAX) {
        return -EINVAL;
    }
    *span = (struct span){ .pieces = pieces, .count = count };
    for (long i = 0; i < count; i++) {
        if (pieces[i].iov_len > LONG_MAX - span->left) {
            return -EINVAL;
        }
        span->left += pieces[i].iov_len;
    }
    return 0;
}

static long move(struct open_file *file, struct span *span, int64_t position, bool writes)
{
    return writes ? file->kind->write(file, span, position)
                  : file->kind->read(file, span, position);
}

/* Move from the file's position on, or from its end, and have it behind what was moved. */
static long move_position(struct open_file *file, struct span *span, bool writes)
{
    __lock(file->lock);
    int64_t position = file->position;
    if (writes && file->flags & O_APPEND) {
        position = file->kind->size(file);
    }
    const long moved = position < 0 ? (long)position : move(file, span, position, writes);
    if (moved > 0) {
        file->position = position + moved;
    }
    __unlock(file->lock);
    return moved;
}

/* Move at `*position`, or if that is NULL where the file stands. */
static long transfer(int descriptor, const struct iovec *pieces, long count,
                     const int64_t *position, bool writes)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    struct span span;
    long moved = begin(&span, pieces, count);
    if ((file->flags & O_ACCMODE) == (writes ? O_RDONLY : O_WRONLY)) {
        moved = -EBADF;
    } else if (position != NULL && file->kind->size == NULL) {
        moved = -ESPIPE;
    } else if (position != NULL && *position < 0) {
        moved = -EINVAL;
    } else if (moved == 0 && span.left > 0) {
        if (position != NULL) {
            moved = move(file, &span, *position, writes);
        } else if (file->kind->size == NULL) {
            moved = move(file, &span, 0, writes);
        } else {
            moved = move_position(file, &span, writes);
        }
    }
    __anos_put(file);
    return moved;
}

HIDDEN long __anos_readv(int descriptor, const struct iovec *pieces, long count)
{
    return transfer(descriptor, pieces, count, NULL, false);
}

HIDDEN long __anos_writev(int descriptor, const struct iovec *pieces, long count)
{
    return transfer(descriptor, pieces, count, NULL, true);
}

HIDDEN long __anos_preadv(int descriptor, const struct iovec *pieces, long count, long position)
{
    return transfer(descriptor, pieces, count, &position, false);
}

HIDDEN long __anos_pwritev(int descriptor, const struct iovec *pieces, long count, long position)
{
    return transfer(descriptor, pieces, count, &position, true);
}

HIDDEN long __anos_read(int descriptor, void *to, unsigned long bytes)
{
    return __anos_readv(descriptor, &(struct iovec){ to, bytes }, 1);
}

HIDDEN long __anos_write(int descriptor, const void *from, unsigned long bytes)
{
    return __anos_writev(descriptor, &(struct iovec){ (void *)from, bytes }, 1);
}

HIDDEN long __anos_pread(int descriptor, void *to, unsigned long bytes, long position)
{
    return __anos_preadv(descriptor, &(struct iovec){ to, bytes }, 1, position);
}

HIDDEN long __anos_pwrite(int descriptor, const void *from, unsigned long bytes, long position)
{
    return __anos_pwritev(descriptor, &(struct iovec){ (void *)from, bytes }, 1, position);
}

HIDDEN long __anos_lseek(int descriptor, long offset, int whence)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    int64_t base = whence == SEEK_SET || whence == SEEK_CUR ? 0 : -EINVAL;
    if (file->kind->size == NULL) {
        base = -ESPIPE;
    } else if (whence == SEEK_END) {
        base = file->kind->size(file);
    }
    if (base >= 0) {
        __lock(file->lock);
        base += whence == SEEK_CUR ? file->position : 0;
        if (__builtin_add_overflow(base, offset, &base) || base < 0) {
            base = -EINVAL;
        } else {
            file->position = base;
        }
        __unlock(file->lock);
    }
    __anos_put(file);
    return base;
}
