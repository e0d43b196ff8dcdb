/* Pixels, two at a time. */
#include "framebuffer.h"

#include "font.h"

#include <anos/abi.h>

#define WINDOW UINT64_C(0x500000000)
#define BITS_PER_PIXEL 32
#define PIXEL_BYTES 4

bool framebuffer_open(struct framebuffer *framebuffer)
{
    struct anos_framebuffer info;
    if (anos_get_framebuffer_phys(&info).type != ANOS_OK || info.bits_per_pixel != BITS_PER_PIXEL ||
        info.pitch % sizeof(uint64_t) != 0 || info.pitch / PIXEL_BYTES < info.width) {
        return false;
    }
    const uint64_t bytes = (uint64_t)info.height * info.pitch;
    const uint64_t mapped_bytes = (bytes + ANOS_PAGE_BYTES - 1) & -(uint64_t)ANOS_PAGE_BYTES;
    *framebuffer = (struct framebuffer){
        .pixels = (uint8_t *)WINDOW,
        .width = info.width,
        .height = info.height,
        .pitch = info.pitch,
    };
    return anos_map_physical(info.physical, WINDOW, mapped_bytes,
                             ANOS_MAP_READ | ANOS_MAP_WRITE).type == ANOS_OK;
}

void framebuffer_fill(const struct framebuffer *framebuffer, uint32_t first, uint32_t count,
                      uint32_t colour)
{
    const uint64_t pair = colour | (uint64_t)colour << 32;
    uint64_t *at = (uint64_t *)(framebuffer->pixels + (uint64_t)first * framebuffer->pitch);
    for (uint64_t left = (uint64_t)count * framebuffer->pitch / sizeof pair; left > 0; left--) {
        *at++ = pair;
    }
}

void framebuffer_draw(const struct framebuffer *framebuffer, uint32_t column, uint32_t row,
                      char character, uint32_t ink, uint32_t paper)
{
    const uint32_t colours[2] = { paper, ink };
    uint64_t pairs[4]; /* by two bits of a glyph's row, the left pixel's first */
    for (unsigned bits = 0; bits < 4; bits++) {
        pairs[bits] = colours[bits >> 1] | (uint64_t)colours[bits & 1] << 32;
    }
    const uint8_t *const glyph = font[character - FONT_FIRST];
    uint8_t *line = framebuffer->pixels + (uint64_t)row * FONT_ROWS * framebuffer->pitch +
                    column * FONT_COLUMNS * PIXEL_BYTES;
    for (unsigned i = 0; i < FONT_ROWS; i++, line += framebuffer->pitch) {
        uint64_t *const pixels = (uint64_t *)line;
        pixels[0] = pairs[glyph[i] >> 6];
        pixels[1] = pairs[glyph[i] >> 4 & 3];
        pixels[2] = pairs[glyph[i] >> 2 & 3];
        pixels[3] = pairs[glyph[i] & 3];
    }
}
