/* What a key types. */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stdint.h>

/* The modifiers that are down. */
struct modifiers {
    bool shift, control, alt;
};

#define KEYS_BYTES_MAX 8 /* of what a key types, with its NUL */

/*
 * A key of the HID Usage Tables, page 0x07, goes down or up, on a US keyboard: note the
 * modifiers, and put what it types, as a terminal sends it (ECMA-48), into `typed`. It may
 * be nothing.
 */
void keys_type(struct modifiers *modifiers, uint8_t usage, bool pressed,
               char typed[KEYS_BYTES_MAX]);

#endif
