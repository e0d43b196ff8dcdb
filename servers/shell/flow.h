/* What a command reads or writes: the console, a pipe, a file, or nothing. */
#ifndef FLOW_H
#define FLOW_H

#include "pipe.h"

#include <stdatomic.h>
#include <stdio.h>

enum flow_kind { FLOW_NOTHING, FLOW_CONSOLE, FLOW_PIPE, FLOW_FILE };

struct console_input;

/* One end. `stop` says that its job is to end; who then reads or writes gets an error. */
struct flow {
    enum flow_kind kind;
    bool writes;
    const atomic_bool *stop;
    struct pipe *pipe;
    int file;                    /* FLOW_FILE: a descriptor */
    struct console_input *input; /* FLOW_CONSOLE that is read: a line that was begun */
};

/* How many bytes were read, 0 at the end, -1 if the job is to end or it cannot be read. */
ssize_t flow_read(struct flow *flow, char *bytes, size_t count);

/* Write all; false if nobody reads it, or the job is to end. */
bool flow_write(struct flow *flow, const char *bytes, size_t count);

void flow_close(struct flow *flow);

/*
 * A flow as a FILE, which is closed before the flow is: lines appear on the console as they
 * are written. NULL without memory.
 */
FILE *flow_file(struct flow *flow);

#endif
