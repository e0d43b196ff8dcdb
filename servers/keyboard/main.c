/*
 * keyboard: the console, on a keyboard and the screen. Protocol: stream.h.
 *
 *   boot:/keyboard.elf REGISTERS CONFIG ID
 *
 * The physical addresses of the registers and of the configuration page are in hex, as
 * for ahcidrv. What the keys type is read from the console; what is written to it goes to
 * kterminal, on the channel named SCREEN_NAME.
 */
#include "console_server.h"
#include "device.h"
#include "keys.h"
#include "stream.h"

#include <anos/abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENT_COUNT 4

static struct keyboard keyboard;

static bool wait_input(void *unused)
{
    (void)unused;
    return keyboard_wait(&keyboard);
}

/* The next byte of what the last key types, or of what the next ones do. */
static int read_input(void *unused)
{
    static struct modifiers modifiers;
    static char typed[KEYS_BYTES_MAX];
    static size_t taken;
    (void)unused;
    while (typed[taken] == '\0') {
        uint8_t usage;
        bool pressed;
        if (!keyboard_read(&keyboard, &usage, &pressed)) {
            return -1;
        }
        keys_type(&modifiers, usage, pressed, typed);
        taken = 0;
    }
    return (uint8_t)typed[taken++];
}

static void write_output(void *unused, const uint8_t *bytes, size_t count)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    static uint64_t screen;
    (void)unused;
    if (screen == 0) {
        screen = anos_find_named_channel(SCREEN_NAME).value;
    }
    memcpy(page, bytes, count);
    anos_send_message(screen, STREAM_WRITE, count, page);
}

int main(int argc, char **argv)
{
    static const struct console_device device = { wait_input, read_input, NULL, write_output,
                                                  NULL };
    if (argc != ARGUMENT_COUNT) {
        printf("keyboard: usage: keyboard REGISTERS (hex) CONFIG (hex) ID\n");
        return 1;
    }
    const uint64_t registers = strtoull(argv[1], NULL, 16);
    const uint64_t config = strtoull(argv[2], NULL, 16);
    return keyboard_open(&keyboard, registers, config) ? console_serve(&device) : 1;
}
