/*
 * Reads lines from the console, shows each key as it comes and each line again; "sleep" waits
 * four seconds, "spin" for ever, "off" and the end of the input switch the machine off, with
 * the number of lines as status.
 */
#include "stream.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 128
#define FOUR_SECONDS UINT64_C(4000000000)

static _Alignas(ANOS_PAGE_BYTES) char out[ANOS_PAGE_BYTES], in[ANOS_PAGE_BYTES];
static uint64_t console;

static void show(const char *text, size_t bytes)
{
    memcpy(out, text, bytes);
    anos_send_message(console, STREAM_WRITE, bytes, out);
}

/* The next byte that is typed. */
static char next(void)
{
    static uint64_t taken, count;
    if (taken == count) {
        count = anos_send_message(console, STREAM_READ, sizeof in, in).value - 1;
        taken = 0;
    }
    return in[taken++];
}

/* A line, as it is typed; false at the end of the input. */
static bool read_line(char line[LINE_BYTES])
{
    size_t length = 0;
    show("? ", 2);
    for (;;) {
        const char byte = next();
        if (byte == CONSOLE_END) {
            return false;
        }
        show(&byte, 1);
        if (byte == '\n') {
            line[length] = '\0';
            return true;
        }
        if (length + 1 < LINE_BYTES) {
            line[length++] = byte;
        }
    }
}

int main(void)
{
    char line[LINE_BYTES];
    uint64_t count = 0;
    while ((console = anos_find_named_channel(CONSOLE_NAME).value) == 0) {
        anos_task_sleep_current(1000000);
    }
    printf("console: here\n");
    while (read_line(line) && strcmp(line, "off") != 0) {
        count++;
        if (strcmp(line, "sleep") == 0) {
            anos_task_sleep_current(FOUR_SECONDS);
        }
        while (strcmp(line, "spin") == 0) {
        }
        show("got ", 4);
        show(line, strlen(line));
        show("\n", 1);
        printf("console: %s\n", line);
    }
    anos_power(ANOS_POWER_OFF, count);
    return 1;
}
