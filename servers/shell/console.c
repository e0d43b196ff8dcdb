/*
 * One thread watches the console for ever and puts the bytes into a ring, so Ctrl-C is seen
 * while nobody reads. When the ring is full it stops, and the console keeps what is typed.
 * Input is asked for when somebody waits for a byte, and not before: the next line of a
 * script is typed when the last one is done.
 */
#include "console.h"

#include "stream.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <string.h>

#define RING_BYTES 4096
#define SEND_TRIES 16
#define STACK_BYTES 0x10000
#define POLL_NS UINT64_C(10000000)
#define POLLS_MAX 2000 /* 20 s */
#define INTERRUPT 0x03

static struct {
    uint64_t channel;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char ring[RING_BYTES];
    size_t first, count;
    bool ended;
    void (*interrupt)(void *context);
    void *interrupt_context;
    struct history history;
} console = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* Wait for a change; a shell that may not even wait any more has no console. */
static void wait_for_change(void)
{
    console.ended |= pthread_cond_wait(&console.changed, &console.lock) != 0;
}

static void take_byte(char byte)
{
    if (byte == INTERRUPT && console.interrupt != NULL) {
        console.interrupt(console.interrupt_context);
        pthread_cond_broadcast(&console.changed);
        return;
    }
    while (console.count == RING_BYTES && !console.ended) {
        wait_for_change();
    }
    if (console.ended) {
        return;
    }
    console.ring[(console.first + console.count++) % RING_BYTES] = byte;
    pthread_cond_broadcast(&console.changed);
}

/* A console that was restarted in the middle takes the message again. */
static struct anos_result send(uint64_t tag, size_t bytes, void *page)
{
    struct anos_result answer = { .type = ANOS_RESTARTED };
    for (int i = 0; answer.type == ANOS_RESTARTED && i < SEND_TRIES; i++) {
        answer = anos_send_message(console.channel, tag, bytes, page);
    }
    return answer;
}

static void *read_console(void *unused)
{
    static _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
    (void)unused;
    for (;;) {
        const struct anos_result answer =
            send(STREAM_WATCH, sizeof page, page);
        pthread_mutex_lock(&console.lock);
        if (answer.type != ANOS_OK || answer.value <= 1) {
            console.ended = true;
            pthread_cond_broadcast(&console.changed);
            pthread_mutex_unlock(&console.lock);
            return NULL;
        }
        for (uint64_t i = 0; i + 1 < answer.value && i < sizeof page; i++) {
            take_byte(page[i]);
        }
        pthread_mutex_unlock(&console.lock);
    }
}

bool console_open(void)
{
    for (int poll = 0; poll < POLLS_MAX && console.channel == 0; poll++) {
        console.channel = anos_find_named_channel(CONSOLE_NAME).value;
        if (console.channel == 0 && anos_task_sleep_current(POLL_NS).type != ANOS_OK) {
            return false;
        }
    }
    if (console.channel == 0) {
        return false;
    }
    return anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, read_console, NULL) == 0;
}

bool console_write(const char *bytes, size_t count)
{
    static _Alignas(ANOS_PAGE_BYTES) char page[ANOS_PAGE_BYTES];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool written = true;
    pthread_mutex_lock(&lock);
    while (count > 0 && written) {
        const size_t piece = count < sizeof page ? count : sizeof page;
        memcpy(page, bytes, piece);
        written = send(STREAM_WRITE, piece, page).type == ANOS_OK;
        bytes += piece;
        count -= piece;
    }
    pthread_mutex_unlock(&lock);
    return written;
}

int console_next(const atomic_bool *stop)
{
    int byte = LINE_EVENT_END;
    pthread_mutex_lock(&console.lock);
    if (console.count == 0 && !console.ended) {
        pthread_mutex_unlock(&console.lock);
        send(STREAM_WANT, 0, NULL);
        pthread_mutex_lock(&console.lock);
    }
    while (console.count == 0 && !console.ended && (stop == NULL || !*stop)) {
        wait_for_change();
    }
    if (stop != NULL && *stop) {
        byte = LINE_EVENT_STOP;
    } else if (console.count > 0) {
        byte = (unsigned char)console.ring[console.first];
        console.first = (console.first + 1) % RING_BYTES;
        console.count--;
        pthread_cond_broadcast(&console.changed);
    }
    pthread_mutex_unlock(&console.lock);
    return byte;
}

void console_wake(void)
{
    pthread_mutex_lock(&console.lock);
    pthread_cond_broadcast(&console.changed);
    pthread_mutex_unlock(&console.lock);
}

void console_on_interrupt(void (*interrupt)(void *context), void *context)
{
    pthread_mutex_lock(&console.lock);
    console.interrupt = interrupt;
    console.interrupt_context = context;
    pthread_mutex_unlock(&console.lock);
}

static int next_byte(void *context)
{
    return console_next(context);
}

static void show(void *context, const char *bytes, size_t count)
{
    (void)context;
    console_write(bytes, count);
}

enum line_result console_read_line(struct line *line, const char *prompt,
                                   bool (*complete)(void *context, struct line *line))
{
    const struct line_terminal terminal = {
        .next = next_byte,
        .show = show,
        .complete = complete,
        .context = NULL,
        .history = &console.history,
    };
    return line_read(line, prompt, &terminal);
}

void console_insert(struct line *line, const char *text, size_t bytes)
{
    const struct line_terminal terminal = { .show = show };
    line_insert(line, text, bytes, &terminal);
}

enum line_result console_read_input(struct line *line, const atomic_bool *stop)
{
    const struct line_terminal terminal = {
        .next = next_byte,
        .show = show,
        .context = (void *)stop,
    };
    return line_read(line, "", &terminal);
}
