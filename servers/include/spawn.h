/* Starting another program through SYSTEM. */
#ifndef SPAWN_H
#define SPAWN_H

#include <stddef.h>
#include <stdint.h>

#include "process.h"

/*
 * Start `arguments[0]` with these arguments and capabilities of ours; those with
 * cookie 0 are left out. Answers the pid, or an error: negative as in process.h,
 * or 0 if SYSTEM cannot be reached.
 */
int64_t spawn(size_t stack_bytes, const char *const *arguments, size_t argument_count,
              const struct capability_pair *capabilities, size_t capability_count);

/* What a program starts with: `arguments[0]` is its path; "NAME=value" are its environment. */
struct start {
    size_t stack_bytes;
    const char *const *arguments;
    size_t argument_count;
    const char *const *environment;
    size_t environment_count;
    const struct capability_pair *capabilities; /* of ours; those with cookie 0 are left out */
    size_t capability_count;
};

/*
 * The same by PROCESS_START, from any thread: `page` is one of the caller's own. After a
 * pid `*process` is a capability to the process (OBSERVE, KILL), to be dropped; else 0.
 */
int64_t spawn_start(const struct start *start, uint64_t *process, void *page);

/* Fill in the pairs of our own capabilities with these ids; returns the pair behind them. */
struct capability_pair *spawn_own(struct capability_pair *pairs, const uint8_t *ids,
                                  size_t id_count);

/* The pair that passes a part of a range on as `id`; cookie 0 if it cannot be had. */
struct capability_pair spawn_part(uint64_t id, uint64_t range, uint64_t start, uint64_t size);

#endif
