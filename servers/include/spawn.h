/* Starting another program through SYSTEM. */
#ifndef SPAWN_H
#define SPAWN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Start `arguments[0]` with these arguments and those of our capabilities that
 * `ids` names; what we do not have ourselves is left out. Answers the pid, or
 * an error: negative as in process.h, or 0 if SYSTEM cannot be reached.
 */
int64_t spawn(size_t stack_bytes, const char *const *arguments, size_t argument_count,
              const uint8_t *ids, size_t id_count);

#endif
