/*
 * Makes the calls that a test writes into its memory, from pages of every kind.
 *
 * Each worker has a block in the page at CONTROL. The test fills one, sets `go`,
 * and the worker makes the call and clears `go`. tests/support/fuzz_calls.py has
 * the same addresses.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define CONTROL UINT64_C(0x600000000)
#define LAST_PAGE (ANOS_USER_END - PAGE)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { WORKERS = 6 };
enum {
    READ_ONLY = 1,
    COPY_ON_WRITE,
    WRITTEN,
    DEMAND_ZERO,
    DEVICE = 8,
    WINDOW,
    EXECUTABLE,
    PARAMS
}; /* pages of AREA; 0 stays unmapped, and so does the one before the last user page */

struct block {
    volatile uint64_t ready, go, slow, cookie, arguments[5], type, value;
};

static uint64_t requests, answers;
static int started;
static uint8_t letter[PAGE] __attribute__((aligned(PAGE))) = "a message's page";

static void make(struct block *block)
{
    const volatile uint64_t *const a = block->arguments;
    const result got = machine_call(block->slow, block->cookie, a[0], a[1], a[2], a[3], a[4]);
    block->type = (uint64_t)got.type;
    block->value = got.value;
    block->go = 0;
}

static void worker(void)
{
    const int number = __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    struct block *block = (struct block *)CONTROL + number;
    if (number == 0) {
        anos_recv_message(requests, NULL, NULL, (void *)(AREA + WINDOW * PAGE));
    }
    for (block->ready = 1;;) {
        anos_task_sleep_current(0);
        if (block->go) {
            make(block);
        }
    }
}

static void answers_all(const uint64_t *arguments)
{
    for (;;) {
        anos_reply_message(anos_recv_message(arguments[0], NULL, NULL, NULL).value, 5);
    }
}

int main(void)
{
    requests = anos_create_channel().value;
    answers = anos_create_channel().value;
    anos_register_channel_name(requests, "requests");
    anos_map_virtual(PAGE, CONTROL, RW);
    memset((void *)CONTROL, 0, PAGE);
    anos_map_virtual(PAGE, AREA + READ_ONLY * PAGE, ANOS_MAP_READ);
    anos_map_virtual(2 * PAGE, AREA + COPY_ON_WRITE * PAGE, RW);
    memset((void *)(AREA + WRITTEN * PAGE), 'w', PAGE);
    strcpy((char *)AREA + WRITTEN * PAGE, "requests");
    anos_create_region(AREA + DEMAND_ZERO * PAGE, AREA + DEVICE * PAGE, ANOS_REGION_AUTOMAP);
    anos_map_physical(CONFIG_SPACE, AREA + DEVICE * PAGE, PAGE, RW);
    anos_map_virtual(PAGE, AREA + EXECUTABLE * PAGE, ANOS_MAP_READ | ANOS_MAP_EXEC);
    anos_map_virtual(PAGE, AREA + PARAMS * PAGE, RW);
    anos_create_region(LAST_PAGE, ANOS_USER_END, ANOS_REGION_AUTOMAP);
    memset((void *)LAST_PAGE, 'z', PAGE);
    start_child("answers", answers_all, answers, 0);
    const uint64_t arguments[CHILD_ARGUMENTS] = {answers};
    const struct anos_process_params params = child_params("more", answers_all, arguments, NULL);
    memcpy((void *)(AREA + PARAMS * PAGE), &params, sizeof params);
    for (int i = 0; i < WORKERS; i++) {
        start_thread(worker, ANOS_CLASS_NORMAL);
    }
    printf("ready\n");
    anos_send_message(requests, 1, 16, letter); /* nobody has to answer it */
    for (;;) {
        anos_task_sleep_current(1000 * MS);
    }
}
