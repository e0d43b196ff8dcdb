/* The console's lines are edited (line.h) and handed out piece by piece. */
#include "flow.h"

#include "console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct console_input {
    struct line line; /* with its '\n' */
    size_t used;
    bool ended;
};

/* Have a line's bytes in `input`; false when there are none any more. */
static bool fill(struct console_input *input, const atomic_bool *stop)
{
    if (input->used < input->line.bytes) {
        return true;
    }
    if (input->ended || console_read_input(&input->line, stop) != LINE_DONE) {
        input->ended = true;
        return false;
    }
    if (input->line.bytes < LINE_BYTES - 1) {
        input->line.text[input->line.bytes++] = '\n';
    }
    input->used = 0;
    return true;
}

static ssize_t read_input(struct flow *flow, char *bytes, size_t count)
{
    if (flow->input == NULL) {
        flow->input = calloc(1, sizeof *flow->input);
        if (flow->input == NULL) {
            return -1;
        }
    }
    struct console_input *const input = flow->input;
    if (!fill(input, flow->stop)) {
        return *flow->stop ? -1 : 0;
    }
    const size_t left = input->line.bytes - input->used;
    const size_t piece = left < count ? left : count;
    memcpy(bytes, input->line.text + input->used, piece);
    input->used += piece;
    return (ssize_t)piece;
}

ssize_t flow_read(struct flow *flow, char *bytes, size_t count)
{
    if (*flow->stop) {
        return -1;
    }
    switch (flow->kind) {
    case FLOW_CONSOLE:
        return read_input(flow, bytes, count);
    case FLOW_PIPE:
        return pipe_read(flow->pipe, bytes, count);
    case FLOW_FILE:
        return read(flow->file, bytes, count);
    default:
        return 0;
    }
}

static bool write_file(int file, const char *bytes, size_t count)
{
    while (count > 0) {
        const ssize_t written = write(file, bytes, count);
        if (written <= 0) {
            return false;
        }
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

bool flow_write(struct flow *flow, const char *bytes, size_t count)
{
    if (*flow->stop) {
        errno = EINTR;
        return false;
    }
    errno = EPIPE;
    switch (flow->kind) {
    case FLOW_CONSOLE:
        return console_write(bytes, count);
    case FLOW_PIPE:
        return pipe_write(flow->pipe, bytes, count);
    case FLOW_FILE:
        return write_file(flow->file, bytes, count);
    default:
        return true;
    }
}

void flow_close(struct flow *flow)
{
    if (flow->kind == FLOW_PIPE) {
        (flow->writes ? pipe_close_writer : pipe_close_reader)(flow->pipe);
    } else if (flow->kind == FLOW_FILE) {
        close(flow->file);
    }
    free(flow->input);
    *flow = (struct flow){ .stop = flow->stop };
}

static ssize_t read_cookie(void *flow, char *bytes, size_t count)
{
    return flow_read(flow, bytes, count);
}

static ssize_t write_cookie(void *flow, const char *bytes, size_t count)
{
    return flow_write(flow, bytes, count) ? (ssize_t)count : -1;
}

FILE *flow_file(struct flow *flow)
{
    const cookie_io_functions_t functions = { .read = read_cookie, .write = write_cookie };
    FILE *const file = fopencookie(flow, flow->writes ? "w" : "r", functions);
    if (file != NULL && flow->writes && flow->kind == FLOW_CONSOLE) {
        setvbuf(file, NULL, _IOLBF, BUFSIZ);
    }
    return file;
}
