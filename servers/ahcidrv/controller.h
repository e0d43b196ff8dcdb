/* The controller: its registers and its interrupt. */
#ifndef CONTROLLER_H
#define CONTROLLER_H

#include "ahci.h"

#include <stdbool.h>

/* There is one interrupt for all ports, and one thread that waits for it. */
struct controller {
    struct hba_registers *registers;
    bool has_vector; /* or else nobody but the watchdog (watch.h) hears of commands' ends */
    uint8_t vector;
};

/*
 * Take over a controller, by the physical addresses of its registers and of its
 * configuration page. Its ports are left as they are, without interrupts. False
 * if that cannot be, with a line that says why.
 */
bool controller_open(struct controller *controller, uint64_t registers, uint64_t config);

/* Wait for an interrupt, for ever; false if none can come (any more). */
bool controller_wait(struct controller *controller);

#endif
