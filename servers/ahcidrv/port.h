/* A port: its memory, starting and stopping it, and one command at a time. */
#ifndef PORT_H
#define PORT_H

#include "controller.h"

#define PORT_BUFFER_BYTES 0x1000

/*
 * `buffer` holds the data of a command, before or after it; the thread that the
 * port belongs to may use it between commands.
 */
struct port {
    struct controller *controller;
    struct port_registers *registers;
    struct port_memory *memory;
    uint8_t *buffer;
    uint64_t memory_physical; /* the buffer is behind it */
    unsigned index;
    bool is_running;
};

/* A command of the drive: `byte_count` of the port's buffer go there, or come. */
struct command {
    uint8_t code;
    bool writes;
    uint8_t device;
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

#endif
