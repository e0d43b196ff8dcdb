/* From a program's file to a running process. */
#ifndef LOADER_H
#define LOADER_H

#include "stack_image.h"

#include <anos/boot_config.h>

/* The cookies of `values` are SYSTEM's own; the program gets one derived from each. */
struct program {
    struct start_values values;
    const uint32_t *rights; /* of each capability, at most; NULL: all that SYSTEM has */
    uint64_t stack_bytes; /* rounded up to a page */
    uint8_t thread_class;
};

/*
 * Start a program. Returns its pid, or a negative enum spawn_error after a line
 * in the log; then nothing of it is left. Any thread may call. With `process`, that gets
 * a capability to it with OBSERVE, KILL and GRANT, the caller's own; 0 if there is none.
 */
int64_t loader_start(const struct program *program, uint64_t *process);

/* SYSTEM's own capabilities for a manifest, with the rights that it allows to each. */
void loader_own(struct capability_pair *pairs, uint32_t *rights,
                const struct anos_boot_entry *manifest);

#endif
