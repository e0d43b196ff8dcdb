/*
 * Input: a ring of bytes, and readers that wait, of which at most one is not empty.
 *
 * While a reader waits, and only then, the UART asks the other end to send (RTS):
 * who types a script sees when the next line is wanted.
 */
#include "input.h"

#include "stream.h"

#include <anos/abi.h>
#include <pthread.h>

#define RING_BYTES 4096 /* a power of 2 */

struct reader {
    uint64_t message;
    uint8_t *page;
};

static struct {
    pthread_mutex_t lock;
    uint8_t ring[RING_BYTES];
    size_t first, count;
    struct reader readers[CONSOLE_READERS_MAX]; /* in order; those without a page are free */
} input = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void answer(const struct reader *reader)
{
    size_t count = 0;
    for (; input.count > 0 && count < ANOS_PAGE_BYTES; input.count--) {
        reader->page[count++] = input.ring[input.first];
        input.first = (input.first + 1) % RING_BYTES;
    }
    anos_reply_message(reader->message, 1 + count);
}

/* Serve the readers that wait, as far as there are bytes; ask for more if one is left. */
static void serve(const struct uart *uart)
{
    while (input.count > 0 && input.readers[0].page != NULL) {
        answer(&input.readers[0]);
        for (int i = 0; i + 1 < CONSOLE_READERS_MAX; i++) {
            input.readers[i] = input.readers[i + 1];
        }
        input.readers[CONSOLE_READERS_MAX - 1].page = NULL;
    }
    uart_request(uart, false);
    if (input.readers[0].page != NULL) {
        uart_request(uart, true);
    }
}

void *input_run(void *argument)
{
    const struct uart *const uart = argument;
    while (uart_wait(uart)) {
        pthread_mutex_lock(&input.lock);
        int byte;
        while (input.count < RING_BYTES && (byte = uart_read(uart)) >= 0) {
            input.ring[(input.first + input.count++) % RING_BYTES] = (uint8_t)byte;
        }
        serve(uart);
        pthread_mutex_unlock(&input.lock);
    }
    return NULL;
}

bool input_read(const struct uart *uart, uint64_t message, uint8_t *page)
{
    bool taken = false;
    pthread_mutex_lock(&input.lock);
    for (int i = 0; !taken && i < CONSOLE_READERS_MAX; i++) {
        if (input.readers[i].page == NULL) {
            input.readers[i] = (struct reader){ message, page };
            taken = true;
        }
    }
    int byte; /* what a full ring has left in the UART */
    while (input.count < RING_BYTES && (byte = uart_read(uart)) >= 0) {
        input.ring[(input.first + input.count++) % RING_BYTES] = (uint8_t)byte;
    }
    serve(uart);
    pthread_mutex_unlock(&input.lock);
    return taken;
}

bool input_uses(const uint8_t *page)
{
    bool found = false;
    pthread_mutex_lock(&input.lock);
    for (int i = 0; i < CONSOLE_READERS_MAX; i++) {
        found |= input.readers[i].page == page;
    }
    pthread_mutex_unlock(&input.lock);
    return found;
}
