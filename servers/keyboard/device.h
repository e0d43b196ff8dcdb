/* The keyboard's registers (docs/console.md). */
#ifndef KEYBOARD_DEVICE_H
#define KEYBOARD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct keyboard {
    volatile uint32_t *registers;
    uint8_t vector;
};

/* Map the registers and have it interrupt; a line in the log if that fails. */
bool keyboard_open(struct keyboard *keyboard, uint64_t registers, uint64_t config_physical);

/* The next event; false if there is none. */
bool keyboard_read(const struct keyboard *keyboard, uint8_t *usage, bool *pressed);

/* Wait for an interrupt; false if there will be none any more. */
bool keyboard_wait(const struct keyboard *keyboard);

#endif
