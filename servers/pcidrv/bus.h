/* PCI buses: what is on them, and behind which bridge. */
#ifndef BUS_H
#define BUS_H

#include <stdint.h>

/* A range of buses and where their configuration space is. */
struct bus_range {
    uint64_t ecam_physical; /* of bus 0, even if `start` is another */
    unsigned start;
    unsigned end; /* the last one */
};

/*
 * Find every function on bus `start` and on the buses behind its bridges, and
 * register each and start its driver. Returns how many there are.
 */
unsigned bus_enumerate(const struct bus_range *range);

#endif
