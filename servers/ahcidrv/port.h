/* A port: its memory, starting and stopping it, and giving commands to its drive. */
#ifndef PORT_H
#define PORT_H

#include "controller.h"

#define SECTOR_BYTES 512
#define PORT_BUFFER_BYTES 0x8000 /* of each slot, as a rule; a page if memory is short */
#define COMMAND_TRIES_MAX 3      /* then it fails */

/* Each slot has a buffer of `buffer_bytes`, and its command's data are there. */
struct port {
    struct controller *controller;
    struct port_registers *registers;
    struct port_memory *memory;
    uint8_t *buffers;
    uint32_t buffer_bytes;
    unsigned slot_count;
    uint64_t memory_physical;
    uint64_t buffers_physical;
    unsigned index;
    bool is_running;
};

#define FLUSH_CACHE_EXT 0xea

/* A command of the drive. */
struct command {
    uint8_t code;
    bool writes;
    bool is_queued;
    uint8_t device;
    uint16_t features;
    uint16_t count;
    uint64_t sector;
    uint32_t byte_count; /* of data, that go to the drive or come */
};

/*
 * Give a port its memory and start it, whatever it was doing before. False if
 * that cannot be, with a line that says why.
 */
bool port_open(struct port *port, struct controller *controller, unsigned index);

/* Have a port stop, whoever started it: what was under way is dropped. False if it goes on. */
bool port_stop(struct port_registers *registers);

/*
 * A predecessor may have ended in the middle of a reset: let the link come up again. A port
 * without a drive is waited for in vain, for a moment.
 */
void port_wake(struct port_registers *registers);

/* The buffer of a slot. */
static inline uint8_t *port_buffer(const struct port *port, unsigned slot)
{
    return port->buffers + (size_t)slot * port->buffer_bytes;
}

/* Fill a slot, whose data are in its buffer. */
void port_prepare(struct port *port, unsigned slot, const struct command *command);

/* Give the drive the commands of some slots, which are all queued or all are not. */
void port_issue(struct port *port, uint32_t slots, bool are_queued);

/*
 * The causes of the port's interrupt so far, which are cleared: PORT_ENDS or PORT_ERRORS.
 * With an error there is no other interrupt before a restart, for some causes cannot be cleared.
 */
uint32_t port_acknowledge(struct port *port);

/* Is a drive plugged in? One that was pulled out does not come back. */
bool port_has_link(const struct port *port);

/*
 * Stop a port and start it anew; commands that were under way are lost. The drive is reset by
 * its link if `is_hung`, or if it does not become idle otherwise.
 */
void port_restart(struct port *port, bool is_hung);

/*
 * Carry a command out that is not queued, in slot 0, while nothing else is under way, and
 * look from time to time whether it has ended, so that no interrupt is needed. Up to 512
 * bytes of data come to `port->memory->answer`. False if the drive does not do it.
 */
bool port_run(struct port *port, const struct command *command);

#endif
