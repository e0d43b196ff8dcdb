/*
 * Many threads that send, receive, sleep, compute and wait for interrupts, each
 * at times of its own: every one must come to its end. The test sends
 * INTERRUPTS interrupts to each of the first VECTORS vectors.
 */
#include "check.h"

enum { CLIENTS = 6, MESSAGES = 500, VECTORS = 3, INTERRUPTS = 40, SLEEPERS = 4, NAPS = 40 };

static volatile uint64_t started, answered, interrupts, naps, ended;
static uint64_t line, vectors[VECTORS];

/* Numbers of a thread's own (a linear congruential generator, Numerical Recipes). */
static uint32_t draw(uint64_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (uint32_t)(*state >> 16) & 0xffff;
}

static void linger(uint64_t *state)
{
    const uint32_t drawn = draw(state);
    if (drawn % 16 == 0) {
        anos_task_sleep_current(drawn % 3 * 10 * MS);
    }
    for (volatile uint32_t i = 0; i < drawn % 4096; i++) {
    }
}

static uint64_t add(volatile uint64_t *counter)
{
    return __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static void send(void)
{
    uint64_t state = add(&started);
    for (int i = 0; i < MESSAGES; i++) {
        linger(&state);
        const uint64_t tag = state << 1 | 1;
        if (anos_send_message(line, tag, 0, NULL).value == (tag & 0xffffffff)) {
            add(&answered);
        }
    }
    add(&ended);
    anos_kill_current_task();
}

static void nap(void)
{
    uint64_t state = add(&started);
    for (int i = 0; i < NAPS; i++) {
        linger(&state);
        anos_task_sleep_current(draw(&state) % 4 * 10 * MS);
        add(&naps);
    }
    add(&ended);
    anos_kill_current_task();
}

static void wait(void)
{
    static volatile uint64_t next;
    uint64_t state = add(&started);
    const uint64_t vector = vectors[add(&next) - 1];
    for (int i = 0; i < INTERRUPTS; i++) {
        uint32_t event;
        if (anos_wait_interrupt(vector, &event).type == ANOS_OK) {
            add(&interrupts);
        }
        for (volatile uint32_t spin = 0; spin < draw(&state) % 4096; spin++) {
        }
    }
    add(&ended);
    anos_kill_current_task();
}

static void serve(void)
{
    uint64_t state = add(&started);
    for (;;) {
        uint64_t tag;
        const result got = anos_recv_message(line, &tag, NULL, NULL);
        linger(&state);
        anos_reply_message(got.value, tag & 0xffffffff);
    }
}

static void serve_elsewhere(const uint64_t *arguments)
{
    line = arguments[0];
    start_thread(serve, ANOS_CLASS_HIGH);
    serve();
}

int main(void)
{
    line = anos_create_channel().value;
    for (int i = 0; i < VECTORS; i++) {
        uint64_t address;
        uint32_t data;
        vectors[i] = anos_alloc_interrupt_vector(0, &address, &data).value;
    }
    printf("vectors\n");
    start_child("server", serve_elsewhere, line, 0);
    start_thread(serve, ANOS_CLASS_REALTIME);
    start_thread(serve, ANOS_CLASS_NORMAL);
    for (int i = 0; i < VECTORS; i++) {
        start_thread(wait, ANOS_CLASS_HIGH);
    }
    for (int i = 0; i < SLEEPERS; i++) {
        start_thread(nap, (uint8_t)(i % 4));
    }
    for (int i = 0; i < CLIENTS; i++) {
        start_thread(send, (uint8_t)(1 + i % 3));
    }
    for (int i = 0; i < 6000 && ended < CLIENTS + VECTORS + SLEEPERS; i++) {
        anos_task_sleep_current(10 * MS);
    }
    CHECK("each message was answered, with its answer", answered == CLIENTS * MESSAGES);
    CHECK("each interrupt woke its thread", interrupts == VECTORS * INTERRUPTS);
    CHECK("each sleep ended", naps == SLEEPERS * NAPS);
    CHECK("all threads came to their end", ended == CLIENTS + VECTORS + SLEEPERS);
    return finish();
}
