/*
 * The text on the screen: cells that scroll. Writing changes the cells only;
 * drawing then paints those that differ from what is on the screen, so a burst
 * of lines is drawn once.
 */
#ifndef SCREEN_H
#define SCREEN_H

#include "framebuffer.h"

#include <stddef.h>

#define SCREEN_COLUMNS_MAX 256
#define SCREEN_ROWS_MAX 128

struct screen {
    const struct framebuffer *framebuffer;
    uint32_t first_row; /* where the text begins, below the banner */
    uint32_t columns, rows;
    uint32_t column, row; /* where the next character goes; `column` may be just outside */
    uint32_t top;         /* the line of `wanted` that is at the top */
    bool has_cursor;      /* it is drawn where the next character goes */
    char wanted[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
    char shown[SCREEN_ROWS_MAX][SCREEN_COLUMNS_MAX];
};

/* Use the black framebuffer from row `first_row` on; false if no text fits there. */
bool screen_open(struct screen *screen, const struct framebuffer *framebuffer, uint32_t first_row);

/* Write UTF-8: LF and tabs are followed, CR is not, other things become '?'; long lines wrap. */
void screen_write(struct screen *screen, const char *text, size_t bytes);

/* Make a line empty from a column on. */
void screen_erase(struct screen *screen, uint32_t row, uint32_t column);

/* Make all of it empty; the next character goes to the top. */
void screen_clear(struct screen *screen);

/* Paint what has changed. */
void screen_draw(struct screen *screen);

#endif
