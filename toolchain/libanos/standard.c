/*
 * stdin, stdout and stderr: the streams in slots 117 to 119 (stream.h), each if it is there.
 *
 * Without its stream stdin is at its end, and stdout and stderr go to the kernel log, which
 * takes NUL-terminated text. Pieces of different threads may interleave there; the C library
 * hands over whole lines, so a line of up to PIECE_BYTES arrives in one piece. NUL bytes
 * inside are dropped.
 */
#include "descriptors.h"
#include "stream.h"

#include <anos/abi.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define PIECE_BYTES 1023
#define SEND_TRIES 16 /* while whoever serves a stream is restarted again and again */
#define ALONE __attribute__((__noinline__)) /* its buffer is on the stack only while it runs */

/* The stream of one of the three, 0 if there is none. */
static uint64_t stream_of(const struct open_file *file)
{
    const uint64_t stream = __syscall_capabilities[ANOS_CAP_STDIN + (file - __anos_standard)];
    return __syscall_capabilities[ANOS_SYS_SEND_MESSAGE] != 0 ? stream : 0;
}

/*
 * What the stream's last answer had and nobody has read yet: an answer may be longer than
 * what is asked for. Whoever reads holds the lock of stdin.
 */
static struct {
    _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
    size_t first, count;
} input;

static long read_stream(uint64_t stream, struct span *to)
{
    if (input.count == 0) {
        struct anos_result answer = { .type = ANOS_RESTARTED };
        for (int i = 0; answer.type == ANOS_RESTARTED && i < SEND_TRIES; i++) {
            answer = anos_send_message(stream, STREAM_READ, sizeof input.page, input.page);
        }
        if (answer.type != ANOS_OK || answer.value > 1 + sizeof input.page) {
            return -EIO;
        }
        input.first = 0;
        input.count = answer.value - 1;
    }
    const size_t count = to->left < input.count ? to->left : input.count;
    __anos_span_put(to, input.page + input.first, count);
    input.first += count;
    input.count -= count;
    return (long)count;
}

ALONE static long write_stream(uint64_t stream, struct span *from)
{
    _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
    if (from->left < sizeof page) {
        memset(page + from->left, 0, sizeof page - from->left);
    }
    long written = 0;
    while (from->left > 0) {
        const size_t count = from->left < sizeof page ? from->left : sizeof page;
        __anos_span_take(from, page, count);
        struct anos_result answer = { .type = ANOS_RESTARTED };
        for (int i = 0; answer.type == ANOS_RESTARTED && i < SEND_TRIES; i++) {
            answer = anos_send_message(stream, STREAM_WRITE, count, page);
        }
        if (answer.type != ANOS_OK) {
            return written > 0 ? written : -EPIPE;
        }
        if (answer.value < 2 || answer.value > 1 + count) {
            return written > 0 ? written : -EIO;
        }
        written += (long)answer.value - 1;
        if (answer.value != 1 + count) {
            break;
        }
    }
    return written;
}

ALONE static long write_log(struct span *from)
{
    const long bytes = (long)from->left;
    char piece[PIECE_BYTES + 1];
    while (from->left > 0) {
        const size_t count = from->left < PIECE_BYTES ? from->left : PIECE_BYTES;
        __anos_span_take(from, piece, count);
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            if (piece[i] != '\0') {
                piece[used++] = piece[i];
            }
        }
        piece[used] = '\0';
        if (used > 0 && anos_kprint(piece).type != ANOS_OK) {
            return -EPERM;
        }
    }
    return bytes;
}

static long standard_read(struct open_file *file, struct span *to, int64_t position)
{
    (void)position;
    const uint64_t stream = stream_of(file);
    if (stream == 0) {
        return 0;
    }
    __lock(file->lock);
    const long count = read_stream(stream, to);
    __unlock(file->lock);
    return count;
}

static long standard_write(struct open_file *file, struct span *from, int64_t position)
{
    (void)position;
    const uint64_t stream = stream_of(file);
    return stream != 0 ? write_stream(stream, from) : write_log(from);
}

static const struct file_kind standard = {
    .read = standard_read,
    .write = standard_write,
};

HIDDEN struct open_file __anos_standard[3] = {
    { .kind = &standard, .flags = O_RDONLY, .references = 1 },
    { .kind = &standard, .flags = O_WRONLY, .references = 1 },
    { .kind = &standard, .flags = O_WRONLY, .references = 1 },
};

/*
 * Does a person sit there? ANOS_TERMINALS has the digits of those of 0, 1 and 2 that are a
 * console; without it all count as one, so stdout is written line by line.
 */
static bool is_terminal(const struct open_file *file)
{
    if (file->kind != &standard) {
        return false;
    }
    const char *const terminals = getenv("ANOS_TERMINALS");
    return stream_of(file) == 0 || terminals == NULL ||
           strchr(terminals, '0' + (int)(file - __anos_standard)) != NULL;
}

HIDDEN long __anos_ioctl(int descriptor, unsigned long request, void *argument)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    long answer = -ENOTTY;
    if (request == TIOCGWINSZ && is_terminal(file)) {
        memset(argument, 0, sizeof(struct winsize)); /* its size is not known */
        answer = 0;
    }
    __anos_put(file);
    return answer;
}
