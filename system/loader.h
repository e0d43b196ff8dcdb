/* From a program's file to a running process. */
#ifndef LOADER_H
#define LOADER_H

#include "stack_image.h"

/* The cookies of `values` are SYSTEM's own; the program gets one derived from each. */
struct program {
    struct start_values values;
    uint64_t stack_bytes; /* rounded up to a page */
    uint8_t thread_class;
};

/*
 * Start a program. Returns its pid, or a negative enum spawn_error after a line
 * in the log; then nothing of it is left. Any thread may call.
 */
int64_t loader_start(const struct program *program);

/* The pairs of SYSTEM's own calls with these ids. */
void loader_own_calls(struct capability_pair *pairs, const uint8_t *ids, unsigned count);

#endif
