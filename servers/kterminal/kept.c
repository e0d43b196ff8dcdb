/* A ring of bytes: the byte at position p is at p % LOG_KEPT_BYTES. */
#include "kept.h"

#include "log.h"
#include "supervised.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <string.h>

#define STACK_BYTES 0x8000

static struct {
    pthread_mutex_t lock;
    uint64_t next; /* position of the next byte */
    char ring[LOG_KEPT_BYTES];
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

void kept_add(const char *text, size_t bytes)
{
    pthread_mutex_lock(&kept.lock);
    for (size_t i = 0; i < bytes; i++) {
        kept.ring[kept.next++ % LOG_KEPT_BYTES] = text[i];
    }
    pthread_mutex_unlock(&kept.lock);
}

/* Answer over the request; how many bytes that are. */
static uint64_t read_log(struct log_text *page)
{
    uint64_t position;
    size_t count = 0;
    memcpy(&position, page, sizeof position);
    pthread_mutex_lock(&kept.lock);
    const uint64_t oldest = kept.next > LOG_KEPT_BYTES ? kept.next - LOG_KEPT_BYTES : 0;
    position = position < oldest ? oldest : position;
    while (position < kept.next && count < LOG_TEXT_MAX) {
        page->text[count++] = kept.ring[position++ % LOG_KEPT_BYTES];
    }
    page->next = position;
    pthread_mutex_unlock(&kept.lock);
    return offsetof(struct log_text, text) + count;
}

static void *serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) struct log_text page;
    for (;;) {
        uint64_t tag, bytes;
        const struct anos_result received =
            anos_recv_message((uint64_t)channel, &tag, &bytes, &page);
        if (received.type != ANOS_OK) {
            return NULL;
        }
        const bool is_good = tag == LOG_READ && bytes >= sizeof page.next;
        anos_reply_message(received.value, is_good ? read_log(&page) : 0);
    }
}

bool kept_serve(void)
{
    const uint64_t channel = supervised_channel(0);
    return channel != 0 && supervised_name(channel, LOG_NAME) &&
           anos_thread_start(ANOS_CLASS_HIGH, STACK_BYTES, serve, (void *)channel) == 0;
}
