/*
 * What the kernel's primitives cost. Runs as a system image of its own and
 * brackets each subject with "begin NAME COUNT" and "end NAME" in the log; the
 * host times what lies between (toolchain/bench/guest.py).
 */
#include "bench.h"
#include "check.h"
#include "loops.h"

enum {
    CALLS = 100000,
    ROUND_TRIPS = 20000,
    MAPPINGS = 20000,
    PAGES = 4000,
    THREADS = 3000,
    PROCESSES = 300,
    GIFTS = 10000,
    SHORT_BLOCKS = 20000000,
    LONG_BLOCKS = 4000000
};

static char *const window = (char *)0x500000000, *const scratch = (char *)0x600000000;
static uint64_t channel;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static void serve_once(uint64_t served)
{
    uint64_t tag, size;
    anos_reply_message(anos_recv_message(served, &tag, &size, window).value, 1);
}

/* ---- messages ---- */

static void answer(const uint64_t *arguments)
{
    for (;;) {
        serve_once(arguments[0]);
    }
}

static void measure_messages(void)
{
    channel = anos_create_channel().value;
    start_child("answerer", answer, channel, 0);
    anos_send_message(channel, 1, 0, NULL);
    begin("ipc", ROUND_TRIPS);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        anos_send_message(channel, 1, 0, NULL);
    }
    end("ipc");
    memset(page, 1, sizeof page);
    begin("ipc-page", ROUND_TRIPS);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        anos_send_message(channel, 1, sizeof page, page);
    }
    end("ipc-page");
}

/* ---- memory ---- */

static void measure_mappings(bool touch, const char *name)
{
    begin(name, MAPPINGS);
    for (int i = 0; i < MAPPINGS; i++) {
        anos_map_virtual(PAGE, (uint64_t)scratch, ANOS_MAP_READ | ANOS_MAP_WRITE);
        if (touch) {
            *(volatile char *)scratch = 1;
        }
        anos_unmap_virtual(PAGE, (uint64_t)scratch);
    }
    end(name);
}

/* The second time the host has given the frames their memory: only then the fault is timed. */
static void measure_faults(void)
{
    const uint64_t base = (uint64_t)scratch;
    anos_create_region(base, base + PAGES * PAGE, ANOS_REGION_AUTOMAP);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            begin("page-fault", PAGES);
        }
        for (uint64_t i = 0; i < PAGES; i++) {
            *(volatile char *)(scratch + i * PAGE) = 1;
        }
        if (pass == 1) {
            end("page-fault");
        }
        anos_unmap_virtual(PAGES * PAGE, base);
    }
    anos_destroy_region(base);
}

/* ---- threads and processes ---- */

static void thread_body(void)
{
    anos_send_message(channel, 1, 0, 0);
    anos_kill_current_task();
}

static void process_body(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 1, 0, 0);
    anos_kill_current_task();
}

static void measure_lives(void)
{
    channel = anos_create_channel().value;
    begin("thread", THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_thread(thread_body, ANOS_CLASS_NORMAL);
        serve_once(channel);
    }
    end("thread");
    struct anos_process_params params =
        child_params("short", process_body, (uint64_t[CHILD_ARGUMENTS]){channel}, NULL);
    begin("process", PROCESSES);
    for (int i = 0; i < PROCESSES; i++) {
        anos_create_process(&params);
        serve_once(channel);
    }
    end("process");
}

/* ---- capabilities ---- */

static void offer(const uint64_t *arguments)
{
    anos_send_message(arguments[0], anos_create_channel().value, 0, NULL);
    anos_kill_current_task();
}

static void measure_delegation(void)
{
    uint64_t tag, size;
    start_child("owner", offer, channel, 0);
    const uint64_t message = anos_recv_message(channel, &tag, &size, NULL).value;
    begin("delegate", GIFTS);
    for (int i = 0; i < GIFTS; i++) {
        anos_drop(anos_take(message, tag, ANOS_RIGHT_SEND).value);
    }
    end("delegate");
    anos_reply_message(message, 1);
    begin("mint", GIFTS);
    for (int i = 0; i < GIFTS; i++) {
        anos_drop(anos_mint(channel, ANOS_RIGHT_SEND, 1).value);
    }
    end("mint");
}

int main(void)
{
    struct anos_mem_info info;
    begin("null-call", CALLS);
    for (int i = 0; i < CALLS; i++) {
        anos_get_mem_info(&info);
    }
    end("null-call");
    measure_messages();
    measure_mappings(false, "map-unmap");
    measure_mappings(true, "map-touch-unmap");
    measure_faults();
    measure_lives();
    measure_delegation();
    begin("compute-short", SHORT_BLOCKS);
    loop_short(SHORT_BLOCKS);
    end("compute-short");
    begin("compute-long", LONG_BLOCKS);
    loop_long(LONG_BLOCKS);
    end("compute-long");
    printf("bench done\n");
    return 0;
}
