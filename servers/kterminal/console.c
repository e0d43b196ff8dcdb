/* A state machine: text, behind ESC, in a sequence. */
#include "console.h"

#define ESCAPE 0x1b
#define PARAMETER_MAX 9999
#define ERASE_ALL 2

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A parameter that counts: at least 1. */
static unsigned number(const struct console *console, unsigned index)
{
    const unsigned given = index < console->parameter_count ? console->parameters[index] : 0;
    return given > 0 ? given : 1;
}

static void erase(struct console *console, struct screen *screen, char final)
{
    const bool all = console->parameters[0] == ERASE_ALL;
    if (final == 'K') {
        screen_erase(screen, screen->row, all ? 0 : screen->column);
        return;
    }
    screen_erase(screen, all ? 0 : screen->row, all ? 0 : screen->column);
    for (uint32_t row = (all ? 0 : screen->row) + 1; row < screen->rows; row++) {
        screen_erase(screen, row, 0);
    }
}

static void act(struct console *console, struct screen *screen, char final)
{
    const unsigned count = number(console, 0);
    const uint32_t column = lesser(screen->column, screen->columns - 1);
    switch (final) {
    case 'A':
        screen->row -= lesser(count, screen->row);
        break;
    case 'B':
        screen->row = lesser(screen->row + count, screen->rows - 1);
        break;
    case 'C':
        screen->column = lesser(column + count, screen->columns - 1);
        break;
    case 'D':
        screen->column = screen->column - lesser(count, screen->column);
        break;
    case 'H':
        screen->row = lesser(count - 1, screen->rows - 1);
        screen->column = lesser(number(console, 1) - 1, screen->columns - 1);
        break;
    case 'J':
    case 'K':
        erase(console, screen, final);
        break;
    default:
        break;
    }
}

static void follow(struct console *console, struct screen *screen, char byte)
{
    if (byte >= '0' && byte <= '9') {
        unsigned *const last = &console->parameters[console->parameter_count - 1];
        *last = lesser(*last * 10 + (unsigned)(byte - '0'), PARAMETER_MAX);
    } else if (byte == ';' && console->parameter_count < CONSOLE_PARAMETERS_MAX) {
        console->parameters[console->parameter_count++] = 0;
    } else if (byte >= '@') {
        act(console, screen, byte);
        console->state = CONSOLE_TEXT;
    }
}

void console_write(struct console *console, struct screen *screen, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const char byte = text[i];
        if (console->state == CONSOLE_SEQUENCE) {
            follow(console, screen, byte);
        } else if (console->state == CONSOLE_ESCAPE) {
            const struct console fresh = { .parameter_count = 1 };
            *console = fresh;
            console->state = byte == '[' ? CONSOLE_SEQUENCE : CONSOLE_TEXT;
        } else if (byte == ESCAPE) {
            console->state = CONSOLE_ESCAPE;
        } else if (byte == '\r') {
            screen->column = 0;
        } else if (byte == '\b') {
            screen->column -= screen->column > 0;
        } else if ((unsigned char)byte >= ' ' || byte == '\n' || byte == '\t') {
            screen_write(screen, &byte, 1);
        }
    }
}
