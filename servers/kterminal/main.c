/*
 * kterminal: the kernel log on the framebuffer, until there is a console to show.
 *
 * It takes the log's bytes as they come (anos-abi 7.5, 9.6) and draws them below a banner
 * of three rows. Taking them takes them away, so it keeps the last for others (log.h).
 * The channel named SCREEN_NAME takes STREAM_WRITE (stream.h): what is written there is the
 * console's, and with its first byte the screen is.
 */
#include "console.h"
#include "font.h"
#include "kept.h"
#include "screen.h"
#include "stream.h"
#include "supervised.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BANNER_ROWS 3
#define LOG_BANNER "Kernel log of anos-sim"
#define CONSOLE_BANNER "anos-sim"
#define LOG_BYTES 4096
#define STACK_BYTES 0x10000

static struct framebuffer framebuffer;
static struct screen screen;
static struct console console;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all of them */

static void draw_banner(const char *text)
{
    const uint32_t columns = framebuffer.width / FONT_COLUMNS, length = strlen(text);
    framebuffer_fill(&framebuffer, 0, BANNER_ROWS * FONT_ROWS, COLOUR_GREEN);
    for (uint32_t i = 0; i < length && length <= columns; i++) {
        framebuffer_draw(&framebuffer, (columns - length) / 2 + i, BANNER_ROWS / 2, text[i],
                         COLOUR_BLACK, COLOUR_GREEN);
    }
}

static void show_log(const char *text, size_t bytes)
{
    pthread_mutex_lock(&lock);
    if (!screen.has_cursor) {
        screen_write(&screen, text, bytes);
        screen_draw(&screen);
    }
    pthread_mutex_unlock(&lock);
}

static void show_console(const char *text, size_t bytes)
{
    pthread_mutex_lock(&lock);
    if (!screen.has_cursor) { /* the first byte */
        screen.has_cursor = true;
        screen_clear(&screen);
        draw_banner(CONSOLE_BANNER);
    }
    console_write(&console, &screen, text, bytes);
    screen_draw(&screen);
    pthread_mutex_unlock(&lock);
}

/* Show what is written to the channel. */
static void *serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
    for (;;) {
        uint64_t tag, bytes;
        const struct anos_result received =
            anos_recv_message(*(const uint64_t *)channel, &tag, &bytes, page);
        if (received.type != ANOS_OK) {
            return NULL;
        }
        const bool good = tag == STREAM_WRITE && bytes <= sizeof page;
        if (good) {
            show_console(page, bytes);
        }
        anos_reply_message(received.value, good ? 1 + bytes : 0);
    }
}

/* Have a console, if there may be one. */
static void offer_screen(void)
{
    static uint64_t channel;
    channel = supervised_channel(1);
    if (channel != 0 && supervised_name(channel, SCREEN_NAME)) {
        anos_thread_start(ANOS_CLASS_HIGH, STACK_BYTES, serve, &channel);
    }
}

int main(void)
{
    static char text[LOG_BYTES];
    printf("kterminal of anos-sim\n");
    if (!kept_serve()) {
        printf("kterminal: nobody else can read the log\n");
    }
    if (!framebuffer_open(&framebuffer)) {
        printf("kterminal: there is no framebuffer of 32 bits a pixel\n");
        return 1;
    }
    framebuffer_fill(&framebuffer, 0, framebuffer.height, COLOUR_BLACK);
    if (!screen_open(&screen, &framebuffer, BANNER_ROWS)) {
        printf("kterminal: the framebuffer is too small for text\n");
        return 1;
    }
    draw_banner(LOG_BANNER);
    offer_screen();
    for (;;) {
        const struct anos_result taken = anos_read_kernel_log(text, sizeof text, 0);
        if (taken.type != ANOS_OK) {
            printf("kterminal: the kernel log cannot be read\n");
            return 1;
        }
        kept_add(text, taken.value);
        show_log(text, taken.value);
    }
}
