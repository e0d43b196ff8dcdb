/* The screen's pixels, as a grid of character cells. */
#ifndef FRAMEBUFFER_H
#define FRAMEBUFFER_H

#include <stdbool.h>
#include <stdint.h>

/* Black letters on green for the banner, grey ones on black for the log. */
#define COLOUR_BLACK 0x000000
#define COLOUR_GREEN 0x00a848
#define COLOUR_GREY 0xc8c8c8

struct framebuffer {
    uint8_t *pixels; /* 32 bits each, XRGB */
    uint32_t width, height;
    uint32_t pitch; /* bytes from one line to the next */
};

/* Map the framebuffer; false if there is none or its pixels are not 32 bits. */
bool framebuffer_open(struct framebuffer *framebuffer);

/* Fill whole lines of pixels with a colour. */
void framebuffer_fill(const struct framebuffer *framebuffer, uint32_t first, uint32_t count,
                      uint32_t colour);

/* Draw a character of the font into the cell at a column and row, which must be on the screen. */
void framebuffer_draw(const struct framebuffer *framebuffer, uint32_t column, uint32_t row,
                      char character, uint32_t ink, uint32_t paper);

#endif
