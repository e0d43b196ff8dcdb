/*
 * The console on the screen: text with the control characters and sequences (ECMA-48) that
 * a line editor needs.
 *
 *   LF CR BS TAB             new line, begin of line, a column to the left, to the tab stop
 *   ESC [ n A B C D          the cursor up, down, right, left
 *   ESC [ row ; column H     the cursor there, from 1 on
 *   ESC [ K    ESC [ J       erase to the end of the line, of the screen; 2 J: all of it
 *
 * Other sequences are left out.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "screen.h"

#define CONSOLE_PARAMETERS_MAX 4

/* Where in a sequence the last byte was; zeros: in none. */
struct console {
    enum { CONSOLE_TEXT, CONSOLE_ESCAPE, CONSOLE_SEQUENCE } state;
    unsigned parameters[CONSOLE_PARAMETERS_MAX];
    unsigned parameter_count;
};

/* Write to the screen; a sequence may go on in the next write. */
void console_write(struct console *console, struct screen *screen, const char *text, size_t bytes);

#endif
