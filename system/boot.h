/* The boot config: what SYSTEM starts, and what programs may hold. */
#ifndef BOOT_H
#define BOOT_H

#include <stdbool.h>
#include <stdint.h>

/* Start every program of the boot config, in order, and log each one's pid. */
void boot_run(void);

/* May a program hold the capability of this id? Not if it has a manifest without it. */
bool boot_allows(const char *path, uint64_t id);

#endif
