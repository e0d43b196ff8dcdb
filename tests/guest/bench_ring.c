/*
 * What many processes cost: a message goes round through all of them, so each
 * turns to one that has not run for as long as can be (toolchain/bench/guest.py
 * looks at the host's memory between the lines).
 */
#include "bench.h"
#include "check.h"

enum { PROCESSES_MAX = 1000, HOPS = 10000 };
static const int sizes[] = {2, 10, 100, PROCESSES_MAX};

/* Pass each message on: its tag is how many are still to be visited, then comes the first again. */
static void pass(const uint64_t *arguments)
{
    const uint64_t own = arguments[0], next = arguments[1], first = arguments[2];
    uint64_t left, size;
    for (;;) {
        anos_reply_message(anos_recv_message(own, &left, &size, NULL).value, 1);
        anos_send_message(left > 0 ? next : first, left - 1, 0, NULL);
    }
}

static void go_round(uint64_t first, uint64_t second, int size)
{
    uint64_t tag, bytes;
    anos_send_message(second, (uint64_t)size - 2, 0, NULL);
    anos_reply_message(anos_recv_message(first, &tag, &bytes, NULL).value, 1);
}

int main(void)
{
    const uint64_t first = anos_create_channel().value, second = anos_create_channel().value;
    uint64_t own = second;
    int made = 1;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[16];
        for (; made < sizes[i]; made++) {
            const uint64_t next = anos_create_channel().value;
            const uint64_t arguments[CHILD_ARGUMENTS] = {own, next, first};
            struct anos_process_params params = child_params("link", pass, arguments, NULL);
            if (anos_create_process(&params).type != ANOS_OK) {
                printf("bench failed: process %d\n", made);
                return 1;
            }
            own = next;
        }
        go_round(first, second, sizes[i]);
        snprintf(name, sizeof name, "ring-%d", sizes[i]);
        begin(name, HOPS);
        for (int hops = 0; hops < HOPS; hops += sizes[i]) {
            go_round(first, second, sizes[i]);
        }
        end(name);
    }
    printf("bench done\n");
    return 0;
}
