/* The thread and who looks at it share a structure; the last one of them frees it. */
#include "heartbeat.h"

#include "service.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <stdlib.h>

#define TAG UINT64_C(0x7fffffffffffff00)

struct heartbeat {
    uint64_t channel;
    uint64_t period_ns;
    uint64_t sent_ns; /* of the message that is not answered yet; 0: there is none */
    bool is_over;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Note when a message was sent, or that it was answered (0); false if nobody wants it any more. */
static bool note(struct heartbeat *heartbeat, uint64_t sent_ns)
{
    pthread_mutex_lock(&lock);
    heartbeat->sent_ns = sent_ns;
    const bool goes_on = !heartbeat->is_over;
    pthread_mutex_unlock(&lock);
    return goes_on;
}

static void *beat(void *argument)
{
    struct heartbeat *const heartbeat = argument;
    do {
        anos_task_sleep_current(heartbeat->period_ns);
        if (note(heartbeat, anos_clock(ANOS_CLOCK_UPTIME).value)) {
            anos_send_message(heartbeat->channel, TAG, 0, NULL);
        }
    } while (note(heartbeat, 0));
    free(heartbeat);
    return NULL;
}

struct heartbeat *heartbeat_begin(uint64_t channel, uint64_t period_ns)
{
    struct heartbeat *const heartbeat = malloc(sizeof *heartbeat);
    if (heartbeat == NULL) {
        return NULL;
    }
    *heartbeat = (struct heartbeat){ .channel = channel, .period_ns = period_ns };
    if (anos_thread_start(ANOS_CLASS_REALTIME, STACK_BYTES, beat, heartbeat) != 0) {
        free(heartbeat);
        return NULL;
    }
    return heartbeat;
}

void heartbeat_end(struct heartbeat *heartbeat)
{
    pthread_mutex_lock(&lock);
    heartbeat->is_over = true;
    pthread_mutex_unlock(&lock);
}

bool heartbeat_missed(struct heartbeat *heartbeat, uint64_t now_ns)
{
    pthread_mutex_lock(&lock);
    const bool missed =
        heartbeat->sent_ns != 0 && now_ns >= heartbeat->sent_ns + heartbeat->period_ns;
    if (missed) {
        heartbeat->sent_ns = now_ns;
    }
    pthread_mutex_unlock(&lock);
    return missed;
}
