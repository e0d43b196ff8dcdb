/*
 * kterminal: the kernel log on the framebuffer.
 *
 * It has no protocol and no channel: it takes the log's bytes as they come
 * (anos-abi 7.5, 9.6) and draws them below a banner of three rows.
 */
#include "font.h"
#include "screen.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define BANNER_ROWS 3
#define BANNER_TEXT "Kernel log of anos-sim"
#define LOG_BYTES 4096

static struct framebuffer framebuffer;
static struct screen screen;

static void draw_banner(void)
{
    const uint32_t columns = framebuffer.width / FONT_COLUMNS, length = strlen(BANNER_TEXT);
    framebuffer_fill(&framebuffer, 0, BANNER_ROWS * FONT_ROWS, COLOUR_GREEN);
    for (uint32_t i = 0; i < length && length <= columns; i++) {
        framebuffer_draw(&framebuffer, (columns - length) / 2 + i, BANNER_ROWS / 2, BANNER_TEXT[i],
                         COLOUR_BLACK, COLOUR_GREEN);
    }
}

int main(void)
{
    static char text[LOG_BYTES];
    printf("kterminal of anos-sim\n");
    if (!framebuffer_open(&framebuffer)) {
        printf("kterminal: there is no framebuffer of 32 bits a pixel\n");
        return 1;
    }
    framebuffer_fill(&framebuffer, 0, framebuffer.height, COLOUR_BLACK);
    if (!screen_open(&screen, &framebuffer, BANNER_ROWS)) {
        printf("kterminal: the framebuffer is too small for text\n");
        return 1;
    }
    draw_banner();
    for (;;) {
        const struct anos_result taken = anos_read_kernel_log(text, sizeof text, 0);
        if (taken.type != ANOS_OK) {
            printf("kterminal: the kernel log cannot be read\n");
            return 1;
        }
        screen_write(&screen, text, taken.value);
        screen_draw(&screen);
    }
}
