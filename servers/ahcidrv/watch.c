/* A thread that ticks while it has to. */
#include "watch.h"

#include "devman.h"

#include <anos/abi.h>
#include <anos/thread.h>

#define STACK_BYTES 0x10000
#define TICK_WAIT_NS 1 /* asleep until the next tick */

static struct disk *watched;
static unsigned watched_count;
static uint32_t is_awake; /* a futex */

static bool is_busy(void)
{
    for (unsigned i = 0; i < watched_count; i++) {
        if (queue_is_busy(&watched[i].queue)) {
            return true;
        }
    }
    return false;
}

void watch_wake(void)
{
    if (__atomic_load_n(&is_awake, __ATOMIC_ACQUIRE) == 0) {
        __atomic_store_n(&is_awake, 1, __ATOMIC_SEQ_CST);
        anos_futex_wake(&is_awake, 1);
    }
}

/*
 * Either we see what somebody has put under way, or he sees that we are not awake: both look
 * with the queue's lock.
 */
static void sleep_while_idle(void)
{
    __atomic_store_n(&is_awake, 0, __ATOMIC_SEQ_CST);
    while (!is_busy() && __atomic_load_n(&is_awake, __ATOMIC_SEQ_CST) == 0) {
        anos_futex_wait(&is_awake, 0, 0);
    }
    __atomic_store_n(&is_awake, 1, __ATOMIC_SEQ_CST);
}

static void *run(void *argument)
{
    (void)argument;
    for (;;) {
        sleep_while_idle();
        anos_task_sleep_current(TICK_WAIT_NS);
        for (unsigned i = 0; i < watched_count; i++) {
            queue_tick(&watched[i].queue);
            if (!watched[i].port.is_running) {
                devman_remove_disk(&watched[i]);
            }
        }
    }
}

bool watch_start(struct disk *disks, unsigned count)
{
    watched = disks;
    watched_count = count;
    return anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, run, NULL) == 0;
}
