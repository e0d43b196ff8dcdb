/*
 * Threads that count for ever, or work for a while: the test looks at how far
 * they come. It fills in `settings`; the counters are at COUNTERS.
 */
#include "check.h"

#define COUNTERS UINT64_C(0x500000000)

static volatile struct {
    char mark[8];
    uint64_t threads, hogs, loops;
} settings = { .mark = "SETTINGS" };

static volatile uint64_t next;

static volatile uint64_t *take_counter(void)
{
    return (volatile uint64_t *)COUNTERS + __atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST);
}

static void count(void)
{
    volatile uint64_t *const mine = take_counter();
    for (;;) {
        ++*mine;
    }
}

/* Every other thread has nothing to do. */
static void work(void)
{
    volatile uint64_t *const mine = take_counter();
    while ((mine - (volatile uint64_t *)COUNTERS) % 2 == 0 && *mine < settings.loops) {
        ++*mine;
    }
    anos_kill_current_task();
}

int main(void)
{
    anos_map_virtual(PAGE, COUNTERS, ANOS_MAP_READ | ANOS_MAP_WRITE);
    memset((void *)COUNTERS, 0, PAGE);
    for (uint64_t i = 0; i < settings.hogs; i++) {
        start_thread(count, ANOS_CLASS_REALTIME);
    }
    for (uint64_t i = 0; i < settings.threads; i++) {
        static uint8_t stacks[64][1024] __attribute__((aligned(16)));
        anos_create_thread((void *)(settings.loops ? work : count), &stacks[i][1008],
                           ANOS_CLASS_NORMAL);
    }
    printf("ready\n");
    anos_task_sleep_current(INT64_MAX);
    return 0;
}
