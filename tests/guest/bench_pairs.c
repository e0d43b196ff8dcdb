/*
 * What many CPUs cost: pairs of processes that all exchange messages at once,
 * whatever the number of CPUs (toolchain/bench/guest.py).
 */
#include "bench.h"
#include "check.h"

enum { PAIRS = 16, ROUND_TRIPS = 1500 };

static void answer(const uint64_t *arguments)
{
    uint64_t tag, size;
    for (;;) {
        anos_reply_message(anos_recv_message(arguments[0], &tag, &size, NULL).value, 1);
    }
}

/* Say that it is there, wait for the answer, and send as often as is wanted. */
static void ask(const uint64_t *arguments)
{
    const uint64_t answerer = arguments[0], gate = arguments[1];
    anos_send_message(gate, 1, 0, NULL);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        anos_send_message(answerer, 1, 0, NULL);
    }
    anos_send_message(gate, 1, 0, NULL);
    anos_kill_current_task();
}

int main(void)
{
    uint64_t waiting[PAIRS], tag, size;
    const uint64_t gate = anos_create_channel().value;
    for (int i = 0; i < PAIRS; i++) {
        const uint64_t channel = anos_create_channel().value;
        start_child("answerer", answer, channel, 0);
        start_child("asker", ask, channel, gate);
    }
    for (int i = 0; i < PAIRS; i++) {
        waiting[i] = anos_recv_message(gate, &tag, &size, NULL).value;
    }
    begin("pairs", PAIRS * ROUND_TRIPS);
    for (int i = 0; i < PAIRS; i++) {
        anos_reply_message(waiting[i], 1);
    }
    for (int i = 0; i < PAIRS; i++) {
        anos_reply_message(anos_recv_message(gate, &tag, &size, NULL).value, 1);
    }
    end("pairs");
    printf("bench done\n");
    return 0;
}
