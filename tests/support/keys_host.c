/* The keyboard driver's key map on the host: events from stdin, two bytes each, to bytes. */
#include "keys.h"

#include <stdio.h>

int main(void)
{
    struct modifiers modifiers = { 0 };
    char typed[KEYS_BYTES_MAX];
    int usage, pressed;
    while ((usage = getchar()) != EOF && (pressed = getchar()) != EOF) {
        keys_type(&modifiers, (uint8_t)usage, pressed != 0, typed);
        fputs(typed, stdout);
    }
    return 0;
}
