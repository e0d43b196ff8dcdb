/* A ring of lines: to scroll is to move its top. */
#include "screen.h"

#include "font.h"

#include <string.h>

#define TAB_COLUMNS 8

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

bool screen_open(struct screen *screen, const struct framebuffer *framebuffer, uint32_t first_row)
{
    const uint32_t rows = framebuffer->height / FONT_ROWS;
    *screen = (struct screen){
        .framebuffer = framebuffer,
        .first_row = first_row,
        .columns = lesser(framebuffer->width / FONT_COLUMNS, SCREEN_COLUMNS_MAX),
        .rows = lesser(rows > first_row ? rows - first_row : 0, SCREEN_ROWS_MAX),
    };
    memset(screen->wanted, ' ', sizeof screen->wanted);
    memset(screen->shown, ' ', sizeof screen->shown);
    return screen->columns > 0 && screen->rows > 0;
}

/* The line that is wanted at a row of the screen. */
static char *line_at(struct screen *screen, uint32_t row)
{
    return screen->wanted[(screen->top + row) % screen->rows];
}

static void end_line(struct screen *screen)
{
    screen->column = 0;
    if (screen->row + 1 < screen->rows) {
        screen->row++;
    } else {
        memset(line_at(screen, 0), ' ', screen->columns);
        screen->top = (screen->top + 1) % screen->rows;
    }
}

static void put(struct screen *screen, char character)
{
    if (screen->column == screen->columns) {
        end_line(screen);
    }
    line_at(screen, screen->row)[screen->column++] = character;
}

void screen_write(struct screen *screen, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t byte = (uint8_t)text[i];
        if (byte == '\n') {
            end_line(screen);
        } else if (byte == '\t') {
            do {
                put(screen, ' ');
            } while (screen->column % TAB_COLUMNS != 0);
        } else if (byte >= FONT_FIRST && byte <= FONT_LAST) {
            put(screen, (char)byte);
        } else if (byte != '\r' && (byte & 0xc0) != 0x80) { /* one '?' a character, not a byte */
            put(screen, '?');
        }
    }
}

void screen_erase(struct screen *screen, uint32_t row, uint32_t column)
{
    if (column < screen->columns) {
        memset(line_at(screen, row) + column, ' ', screen->columns - column);
    }
}

void screen_clear(struct screen *screen)
{
    memset(screen->wanted, ' ', sizeof screen->wanted);
    screen->column = screen->row = screen->top = 0;
}

/* The cell where the next character goes, with its colours exchanged. */
static void draw_cursor(struct screen *screen)
{
    const uint32_t column = lesser(screen->column, screen->columns - 1);
    framebuffer_draw(screen->framebuffer, column, screen->first_row + screen->row,
                     line_at(screen, screen->row)[column], COLOUR_BLACK, COLOUR_GREY);
    screen->shown[screen->row][column] = '\0'; /* it is to be painted again */
}

void screen_draw(struct screen *screen)
{
    for (uint32_t row = 0; row < screen->rows; row++) {
        const char *const wanted = line_at(screen, row);
        char *const shown = screen->shown[row];
        for (uint32_t column = 0; column < screen->columns; column++) {
            if (wanted[column] != shown[column]) {
                shown[column] = wanted[column];
                framebuffer_draw(screen->framebuffer, column, screen->first_row + row,
                                 wanted[column], COLOUR_GREY, COLOUR_BLACK);
            }
        }
    }
    if (screen->has_cursor) {
        draw_cursor(screen);
    }
}
