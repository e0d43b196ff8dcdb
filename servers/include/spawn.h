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

/* Fill in the pairs of our own capabilities with these ids; returns the pair behind them. */
struct capability_pair *spawn_own(struct capability_pair *pairs, const uint8_t *ids,
                                  size_t id_count);

/* The pair that passes a part of a range on as `id`; cookie 0 if it cannot be had. */
struct capability_pair spawn_part(uint64_t id, uint64_t range, uint64_t start, uint64_t size);

#endif
