/*
 * Code that is rewritten by a store, by the kernel, by the receiver of a message,
 * by a device and through copies of its page: whoever runs it afterwards, on any
 * CPU and in any process, runs the new code. The code is a function that returns
 * the number in it; the test is the device, and writes DMA_WRITES numbers.
 */
#include "check.h"
#include "code.h"

#define AREA UINT64_C(0x500000000)
#define DMA_AREA UINT64_C(0x510000000)
#define RWX (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_EXEC)
#define NUMBER (*(volatile uint64_t *)(AREA + 8))

enum { RUNNERS = 3, TIMES = 24, DMA_WRITES = 20 };

static uint64_t channel, line;
static volatile uint64_t asked, answers[RUNNERS], done[RUNNERS], runner_count, code = AREA;

static void runner(void)
{
    const uint64_t mine = __atomic_fetch_add(&runner_count, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        while (done[mine] == asked) {
        }
        answers[mine] = run_code(code);
        done[mine]++;
    }
}

/* Do all threads get this number from the code? The DMA may have gone on meanwhile. */
static bool all_get(uint64_t number, uint64_t most)
{
    bool right = run_code(code) >= number && run_code(code) <= most;
    asked++;
    for (int i = 0; i < RUNNERS; i++) {
        while (done[i] != asked) {
        }
        right = right && answers[i] >= number && answers[i] <= most;
    }
    return right;
}

static void check_stores(void)
{
    bool right = true;
    for (uint64_t i = 1; i <= TIMES; i++) {
        NUMBER = code_of(i);
        right = right && all_get(i, i);
    }
    CHECK("code rewritten by a store", right);
}

static void send_tags(void)
{
    for (uint64_t i = 1; i <= TIMES; i++) {
        anos_send_message(line, code_of(1000 + i), 0, NULL);
    }
    anos_kill_current_task();
}

static void check_kernel(void)
{
    bool right = true;
    start_thread(send_tags, ANOS_CLASS_HIGH);
    for (uint64_t i = 1; i <= TIMES; i++) {
        const result got = anos_recv_message(line, (uint64_t *)(AREA + 8), NULL, NULL);
        right = right && all_get(1000 + i, 1000 + i);
        anos_reply_message(got.value, 1);
    }
    CHECK("code rewritten by the kernel", right);
}

/* Rewrites the code of whoever sends it, and runs it, where a window may run. */
static void rewriter(const uint64_t *arguments)
{
    const bool bearer = is_bearer();
    for (;;) {
        uint64_t tag;
        const result got = anos_recv_message(arguments[0], &tag, NULL, (void *)AREA);
        const bool old = !bearer || run_code(AREA) == tag - 1;
        NUMBER = code_of(tag);
        anos_reply_message(got.value, old && (!bearer || run_code(AREA) == tag) ? 1 : 2);
    }
}

static void check_messages(void)
{
    bool right = true;
    start_child("rewriter", rewriter, channel, 0);
    NUMBER = code_of(2000);
    for (uint64_t i = 1; i <= TIMES; i++) {
        right = right && anos_send_message(channel, 2000 + i, 64, (void *)AREA).value == 1;
        right = right && all_get(2000 + i, 2000 + i);
    }
    CHECK("code rewritten by a message's receiver", right);
}

static void check_devices(void)
{
    const uint64_t physical = anos_alloc_physical_pages(PAGE).value;
    const result mapped = anos_map_physical(physical, DMA_AREA, PAGE, RWX);
    volatile uint64_t *const number = (volatile uint64_t *)(DMA_AREA + 8);
    write_code(DMA_AREA);
    *number = code_of(0);
    code = DMA_AREA;
    bool right = mapped.type == ANOS_OK && all_get(0, 0);
    printf("dma %llu\n", (unsigned long long)physical + 8);
    for (uint64_t now_there = 0; right && now_there < DMA_WRITES;) {
        now_there = run_code(DMA_AREA);
        right = right && all_get(now_there, DMA_WRITES);
    }
    CHECK("code rewritten by a device", right && all_get(DMA_WRITES, DMA_WRITES));
    code = AREA;
}

/* A new page, probably one that was another process's code a moment ago. */
static void fresh(const uint64_t *arguments)
{
    anos_map_virtual(PAGE, DMA_AREA, RWX);
    write_code(DMA_AREA);
    *(volatile uint64_t *)(DMA_AREA + 8) = code_of(arguments[1]);
    anos_send_message(arguments[0], run_code(DMA_AREA), 0, NULL);
}

static uint64_t hear(void)
{
    uint64_t tag = 0;
    anos_reply_message(anos_recv_message(line, &tag, NULL, NULL).value, 1);
    return tag;
}

static void check_frames(void)
{
    bool right = true;
    for (uint64_t i = 0; i < TIMES; i += 2) {
        start_child("fresh", fresh, line, 3000 + i);
        start_child("fresh", fresh, line, 3001 + i);
        const uint64_t first = hear(), second = hear();
        right = right && first + second == 6001 + 2 * i;
        right = right && (first == 3000 + i || second == 3000 + i);
    }
    CHECK("code in frames that were another process's", right);
}

/* Runs its copy of the code, rewrites it, and runs it again. */
static void copy(const uint64_t *arguments)
{
    anos_send_message(arguments[0], run_code(AREA), 0, NULL);
    NUMBER = code_of(arguments[1]);
    anos_send_message(arguments[0], run_code(AREA), 0, NULL);
}

static void check_copies(void)
{
    bool right = true;
    for (uint64_t i = 0; i < TIMES; i++) {
        NUMBER = code_of(4000 + i);
        right = right && all_get(4000 + i, 4000 + i);
        struct anos_process_params params =
            child_params("copy", copy, (uint64_t[4]){ line, 5000 + i }, NULL);
        const struct anos_region three[3] = { child_regions[0], child_regions[1], { AREA, PAGE } };
        params.regions = (uint64_t)three;
        params.region_count = 3;
        right = right && anos_create_process(&params).type == ANOS_OK;
        right = right && hear() == 4000 + i;
        right = right && hear() == 5000 + i && all_get(4000 + i, 4000 + i);
    }
    CHECK("code rewritten in a copy of its page", right);
}

int main(void)
{
    channel = anos_create_channel().value;
    line = anos_create_channel().value;
    anos_map_virtual(PAGE, AREA, RWX);
    write_code(AREA);
    for (int i = 0; i < RUNNERS; i++) {
        start_thread(runner, ANOS_CLASS_NORMAL);
    }
    check_stores();
    check_kernel();
    check_messages();
    check_devices();
    check_frames();
    check_copies();
    return finish();
}
