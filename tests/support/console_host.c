/*
 * kterminal's console on the host: stdin is written to it byte by byte, or by READ_BYTES at
 * a time; at its end the cells go to stdout, and then the cursor's place.
 *
 *   console_host COLUMNS ROWS READ_BYTES
 */
#include "console.h"

#include <stdio.h>
#include <stdlib.h>

/* Nothing is drawn here. */
void framebuffer_draw(const struct framebuffer *framebuffer, uint32_t column, uint32_t row,
                      char character, uint32_t ink, uint32_t paper)
{
    (void)framebuffer, (void)column, (void)row, (void)character, (void)ink, (void)paper;
}

int main(int argc, char **argv)
{
    static struct screen screen;
    static char text[4096];
    struct console console = { 0 };
    if (argc != 4) {
        return 2;
    }
    const uint32_t columns = (uint32_t)atoi(argv[1]), rows = (uint32_t)atoi(argv[2]);
    const struct framebuffer framebuffer = { .width = columns * 8, .height = rows * 16 };
    screen_open(&screen, &framebuffer, 0);
    size_t count;
    while ((count = fread(text, 1, (size_t)atoi(argv[3]), stdin)) > 0) {
        console_write(&console, &screen, text, count);
    }
    for (uint32_t row = 0; row < rows; row++) {
        printf("%.*s\n", (int)columns, screen.wanted[(screen.top + row) % screen.rows]);
    }
    printf("%u %u\n", screen.row, screen.column);
    return 0;
}
