/* Floating point that must survive other threads (anos-abi 1.1: XMM and x87 state is preserved). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Fill all XMM and x87 registers and the control words with what `seed` gives,
 * sleep `sleep_ns` or, if that is 0, keep the CPU busy for `busy` rounds of
 * about a microsecond, and compare.
 */
bool floats_hold(uint64_t seed, uint64_t sleep_ns, uint64_t busy);

/* Sums of doubles and of long doubles whose values are known exactly. */
bool floats_compute(uint64_t seed, uint64_t count);
