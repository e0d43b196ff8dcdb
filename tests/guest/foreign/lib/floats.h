/* Floating point that must survive other threads (anos-abi 1.1 and 1.3: its state is preserved). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The next of the numbers that a seed gives. */
static inline uint64_t mix(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005 + 1442695040888963407;
    return *seed ^ *seed >> 29;
}

/*
 * Fill all floating-point registers and the control words with what `seed` gives,
 * sleep `sleep_ns` or, if that is 0, keep the CPU busy for `busy` rounds of
 * about a microsecond, and compare.
 */
bool floats_hold(uint64_t seed, uint64_t sleep_ns, uint64_t busy);

/* Sums of doubles and of longer numbers whose values are known exactly. */
bool floats_compute(uint64_t seed, uint64_t count);
