/* The time. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Seconds since 1970, by the clock of the machine. */
int64_t clock_now(void);

#endif
