/*
 * What a server asks its supervisor for (process.h). Without one, as under a foreign
 * SYSTEM, it has what it makes itself.
 */
#ifndef SUPERVISED_SERVER_H
#define SUPERVISED_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many times this server has been started; 1 without a supervisor. */
uint64_t supervised_generation(void);

/*
 * The channel that this server serves as its `number`th, from 0 on: the one that its
 * predecessor had, if there was one; 0 if it cannot be had.
 */
uint64_t supervised_channel(uint64_t number);

/* Give such a channel a name, unless it has it since its predecessor; false if it is another's. */
bool supervised_name(uint64_t channel, const char *name);

/*
 * Memory of so many pages' bytes at `window`, zeros at first, then as the predecessor
 * left it; false if there is none, so nothing will outlive us.
 */
bool supervised_memory(uint64_t window, size_t bytes);

/*
 * Have a capability kept for a successor under a key that is not 0; cookie 0: no longer.
 * False if it is not kept.
 */
bool supervised_keep(uint64_t key, uint64_t cookie);

/* What was kept; 0: nothing. */
uint64_t supervised_kept(uint64_t key);

/*
 * Make something true, or true no more, in memory that outlives us: by one store, between all
 * before it and all behind it.
 */
#define supervised_store(at, value)                        \
    do {                                                   \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);           \
        __atomic_store_n((at), (value), __ATOMIC_RELAXED); \
        __atomic_signal_fence(__ATOMIC_SEQ_CST);           \
    } while (0)

#endif
