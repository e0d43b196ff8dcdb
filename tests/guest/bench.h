/*
 * For programs that measure: lines that bracket a subject in the log, between
 * which the host takes the time (toolchain/bench/guest.py).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>

/* `count` is how often it is done, or how many bytes are moved. */
static inline void begin(const char *name, uint64_t count)
{
    printf("begin %s %llu\n", name, (unsigned long long)count);
}

static inline void end(const char *name)
{
    printf("end %s\n", name);
}

#endif
