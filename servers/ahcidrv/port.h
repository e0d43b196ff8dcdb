/* A port: its memory, starting and stopping it, and its commands. */
#ifndef PORT_H
#define PORT_H

#include "controller.h"

#define PORT_BUFFER_BYTES 0x20000  /* as a rule; a page if memory is short */
#define PORT_QUEUED_BYTES 0x8000   /* of each command of a queue */

/*
 * `buffer` holds the data of a command, before or after it; the thread that the
 * port belongs to may use it between commands.
 */
struct port {
    struct controller *controller;
    struct port_registers *registers;
    struct port_memory *memory;
    uint8_t *buffer;
    uint32_t buffer_bytes;
    uint32_t queue_depth; /* commands that may be queued; 0: none */
    uint64_t memory_physical;
    uint64_t buffer_physical;
    unsigned index;
    bool is_running;
};

/* A command of the drive: `byte_count` of the port's buffer go there, or come. */
struct command {
    uint8_t code;
    bool writes;
    uint8_t device;
    uint16_t features;
    uint16_t count;
    uint64_t sector;
    uint32_t byte_count;
};

/*
 * Give a port its memory and start it, whatever it was doing before. False if
 * that cannot be, with a line that says why.
 */
bool port_open(struct port *port, struct controller *controller, unsigned index);

/* Carry a command out. False if the drive, the link or the bus reports an error. */
bool port_run(struct port *port, const struct command *command);

/*
 * Move `count` sectors from or to the buffer by queued commands, which the drive has
 * all at once, each in a slot of its own. False on an error of any: then some may have
 * been carried out.
 */
bool port_run_queue(struct port *port, bool writes, uint64_t sector, uint32_t count);

#endif
