/*
 * One thread takes in what is typed, the other serves messages. A ring of bytes, and
 * readers that wait, of which at most one is not empty: a reader that waits keeps the
 * page of memory that its message came with.
 *
 * While a reader waits that does not merely watch, or somebody wants input, the device asks
 * for it: who types a script sees when the next line is wanted.
 */
#include "console_server.h"

#include "stream.h"
#include "supervised.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define RING_BYTES 4096 /* a power of 2 */
#define STACK_BYTES 0x10000

struct reader {
    uint64_t message;
    uint8_t *page;
    bool asks; /* for input, instead of watching for it */
};

static struct {
    const struct console_device *device;
    pthread_mutex_t lock;
    uint8_t ring[RING_BYTES];
    size_t first, count;
    struct reader readers[CONSOLE_READERS_MAX]; /* in order; those without a page are free */
} console = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Alignas(ANOS_PAGE_BYTES) uint8_t windows[CONSOLE_READERS_MAX + 1][ANOS_PAGE_BYTES];

static void answer(const struct reader *reader)
{
    size_t count = 0;
    for (; console.count > 0 && count < ANOS_PAGE_BYTES; console.count--) {
        reader->page[count++] = console.ring[console.first];
        console.first = (console.first + 1) % RING_BYTES;
    }
    anos_reply_message(reader->message, 1 + count);
}

static void request(bool wanted)
{
    if (console.device->request != NULL) {
        console.device->request(console.device->context, wanted);
    }
}

/* Take in what has come, serve the readers that wait, ask for more if one is left. */
static void serve(void)
{
    const struct console_device *const device = console.device;
    int byte;
    while (console.count < RING_BYTES && (byte = device->read(device->context)) >= 0) {
        console.ring[(console.first + console.count++) % RING_BYTES] = (uint8_t)byte;
    }
    while (console.count > 0 && console.readers[0].page != NULL) {
        answer(&console.readers[0]);
        for (int i = 0; i + 1 < CONSOLE_READERS_MAX; i++) {
            console.readers[i] = console.readers[i + 1];
        }
        console.readers[CONSOLE_READERS_MAX - 1].page = NULL;
    }
    request(false);
    bool asks = false;
    for (int i = 0; i < CONSOLE_READERS_MAX && console.readers[i].page != NULL; i++) {
        asks |= console.readers[i].asks;
    }
    if (asks) {
        request(true);
    }
}

/* Somebody who watches wants input now. */
static void want(void)
{
    pthread_mutex_lock(&console.lock);
    serve();
    if (console.count == 0) {
        request(true);
    }
    pthread_mutex_unlock(&console.lock);
}

static void *take_in(void *unused)
{
    (void)unused;
    while (console.device->wait(console.device->context)) {
        pthread_mutex_lock(&console.lock);
        serve();
        pthread_mutex_unlock(&console.lock);
    }
    printf("there are no interrupts any more for the console's input\n");
    if (__syscall_capabilities[ANOS_CAP_SUPERVISOR] != 0) {
        exit(1); /* a successor has new ones */
    }
    return NULL;
}

/* A message asks for bytes; false if too many do already. */
static bool add_reader(uint64_t message, uint8_t *page, bool asks)
{
    bool taken = false;
    pthread_mutex_lock(&console.lock);
    for (int i = 0; !taken && i < CONSOLE_READERS_MAX; i++) {
        if (console.readers[i].page == NULL) {
            console.readers[i] = (struct reader){ message, page, asks };
            taken = true;
        }
    }
    serve();
    pthread_mutex_unlock(&console.lock);
    return taken;
}

static bool is_used(const uint8_t *page)
{
    bool found = false;
    pthread_mutex_lock(&console.lock);
    for (int i = 0; i < CONSOLE_READERS_MAX; i++) {
        found |= console.readers[i].page == page;
    }
    pthread_mutex_unlock(&console.lock);
    return found;
}

/* A window that no waiting reader has. */
static uint8_t *free_window(void)
{
    int i = 0;
    while (i < CONSOLE_READERS_MAX && is_used(windows[i])) {
        i++;
    }
    return windows[i];
}

/* Serve one message; false when there will be none any more. */
static bool serve_one(uint64_t channel)
{
    uint64_t tag, bytes;
    uint8_t *const page = free_window();
    const struct anos_result received = anos_recv_message(channel, &tag, &bytes, page);
    if (received.type != ANOS_OK) {
        return false;
    }
    if (tag == STREAM_WRITE && bytes <= ANOS_PAGE_BYTES) {
        console.device->write(console.device->context, page, bytes);
        anos_reply_message(received.value, 1 + bytes);
    } else if (tag == STREAM_WANT) {
        want();
        anos_reply_message(received.value, 1);
    } else if ((tag != STREAM_READ && tag != STREAM_WATCH) || bytes == 0 ||
               !add_reader(received.value, page, tag == STREAM_READ)) {
        anos_reply_message(received.value, 0);
    }
    return true;
}

int console_serve(const struct console_device *device)
{
    console.device = device;
    const uint64_t channel = supervised_channel(0);
    if (channel == 0 || !supervised_name(channel, CONSOLE_NAME)) {
        printf("there is a console already\n");
        return 0;
    }
    if (anos_thread_start(ANOS_CLASS_HIGH, STACK_BYTES, take_in, NULL) != 0) {
        printf("there is no thread for the console's input\n");
        return 1;
    }
    while (serve_one(channel)) {
    }
    return 1;
}
