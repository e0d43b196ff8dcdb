/* One function on a PCI bus. */
#ifndef FUNCTION_H
#define FUNCTION_H

#include <stdint.h>

struct function {
    volatile uint8_t *config;
    uint64_t config_physical;
    uint8_t bus;
    uint8_t device;
    uint8_t number;
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t class_code;
    uint8_t subclass;
    uint8_t interface;
    uint64_t id; /* DEVMAN's, 0 without DEVMAN */
};

/*
 * Where a memory BAR points, of 32 or of 64 bits; 0 if it is for port I/O, has
 * no address, or is the upper half of the one before.
 */
uint64_t function_bar(const struct function *function, unsigned index);

struct progress;

/*
 * Bytes of the memory BAR, a power of 2, found by writing ones to it; nobody may use it then.
 * If we end meanwhile, function_finish_sizing makes it what it was.
 */
uint64_t function_bar_bytes(const struct function *function, unsigned index,
                            struct progress *progress);

/* If a predecessor has ended while it sized this BAR: put back what was there. */
void function_finish_sizing(const struct function *function, unsigned index,
                            struct progress *progress);

#endif
