/* A pipe: a bounded buffer between two threads, with an end for each. */
#ifndef PIPE_H
#define PIPE_H

#include <stddef.h>
#include <sys/types.h>

struct pipe;

/* A pipe with both ends open; NULL without memory. It goes when both ends are closed. */
struct pipe *pipe_create(void);

/* Wait for bytes: how many were read, 0 at the end, -1 if the pipe is broken. */
ssize_t pipe_read(struct pipe *pipe, char *bytes, size_t count);

/* Write all bytes, waiting for room; false if nobody reads any more. */
bool pipe_write(struct pipe *pipe, const char *bytes, size_t count);

void pipe_close_reader(struct pipe *pipe);
void pipe_close_writer(struct pipe *pipe);

/* Nothing more goes through; both ends are still to be closed. Who waits is woken. */
void pipe_break(struct pipe *pipe);

#endif
