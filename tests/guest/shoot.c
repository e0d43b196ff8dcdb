/*
 * One thread uses a page, another one takes it away: what the second one's call
 * has changed holds for the first one before the call returns. A process whose
 * page is unmapped must die of it at once; the test expects DEATHS reports.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RWX (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_EXEC)
#define OLD CODE_RETURNS /* code, also to be read and written as a number */

enum { KINDS = 4, TIMES = 6 };

static uint64_t channel, window_channel;
static volatile uint64_t kind, seen, touches, survivors;

static void touch(void)
{
    volatile uint64_t *const place = (volatile uint64_t *)AREA;
    for (;;) {
        switch (kind) {
        case 0:
            seen = *place;
            break;
        case 1:
            *place = OLD;
            break;
        case 2:
            ((void (*)(void))AREA)();
            break;
        default:
            place[(touches % 4) * (PAGE / 8)] = OLD;
            break;
        }
        touches++;
    }
}

static void start_touching(uint64_t how)
{
    kind = how;
    touches = 0;
    anos_map_virtual(4 * PAGE, AREA, RWX);
    for (int i = 0; i < 4; i++) {
        *(volatile uint64_t *)(AREA + i * PAGE) = OLD;
    }
    start_thread(touch, ANOS_CLASS_NORMAL);
    while (touches < 500) {
    }
}

/* Wait until the other thread has begun and ended a touch. */
static void let_it_touch(void)
{
    const uint64_t before = touches;
    while (touches < before + 2) {
    }
}

static void unmap(const uint64_t *arguments)
{
    start_touching(arguments[1]);
    anos_unmap_virtual(arguments[1] == 3 ? 4 * PAGE : PAGE, AREA);
    let_it_touch();
    anos_send_message(arguments[0], arguments[1], 0, NULL);
    anos_kill_process(0);
}

static void listen(void)
{
    for (;;) {
        const result got = anos_recv_message(channel, NULL, NULL, NULL);
        survivors++;
        anos_reply_message(got.value, 1);
    }
}

static void check_unmap(void)
{
    start_thread(listen, ANOS_CLASS_HIGH);
    for (int i = 0; i < KINDS * TIMES; i++) {
        start_child("victim", unmap, channel, (uint64_t)i % KINDS);
        anos_task_sleep_current(20 * MS);
    }
    anos_task_sleep_current(2000 * MS);
    CHECK("an unmapped page is gone for all CPUs at once", survivors == 0);
}

/* From here on, this process's own other thread looks on. */
static void check_replacement(void)
{
    start_touching(0);
    bool right = true;
    for (int i = 0; i < 50; i++) {
        *(volatile uint64_t *)AREA = OLD + (uint64_t)i;
        let_it_touch();
        right = right && seen == OLD + (uint64_t)i;
        anos_map_virtual(PAGE, AREA, RWX);
        let_it_touch();
        right = right && seen == 0;
    }
    CHECK("a page mapped over another one is seen by all CPUs at once", right);
}

static void nothing_more(const uint64_t *arguments)
{
    (void)arguments;
    *(volatile uint64_t *)AREA = 1;
    anos_send_message(arguments[0], *(volatile uint64_t *)(AREA + PAGE), 0, NULL);
}

/* A child's pages are copies from the moment on when it was made. */
static void check_copies(void)
{
    bool right = true;
    for (int i = 0; i < 20; i++) {
        *(volatile uint64_t *)AREA = OLD;
        const struct anos_region both[3] = { child_regions[0], child_regions[1],
                                             { AREA, 2 * PAGE } };
        struct anos_process_params params =
            child_params("copy", nothing_more, (uint64_t[4]){ window_channel }, NULL);
        params.regions = (uint64_t)both;
        params.region_count = 3;
        right = right && anos_create_process(&params).type == ANOS_OK;
        *(volatile uint64_t *)(AREA + PAGE) = (uint64_t)i;
        const result got = anos_recv_message(window_channel, NULL, NULL, NULL);
        let_it_touch();
        right = right && seen == OLD;
        anos_reply_message(got.value, 1);
    }
    CHECK("what a child writes into its copy, none of our CPUs sees", right);
}

static void send_pages(const uint64_t *arguments)
{
    static uint64_t page[PAGE / 8] __attribute__((aligned(PAGE)));
    for (uint64_t i = 0; i < 50; i++) {
        page[0] = 1000 + i;
        anos_send_message(arguments[0], i, 8, page);
    }
}

/* A message's page is there when it is received and gone when it is answered. */
static void check_windows(void)
{
    const bool bearer = is_bearer();
    bool there = true, gone = true;
    *(volatile uint64_t *)AREA = OLD;
    start_child("sender", send_pages, window_channel, 0);
    for (uint64_t i = 0; i < 50; i++) {
        const result got = anos_recv_message(window_channel, NULL, NULL, (void *)AREA);
        let_it_touch();
        there = there && seen == 1000 + i;
        anos_reply_message(got.value, 1);
        let_it_touch();
        gone = gone && (seen == OLD || bearer);
    }
    CHECK("a message's page is seen by all of the receiver's CPUs at once", there);
    CHECK("and by none of them after the reply", gone);
}

int main(void)
{
    channel = anos_create_channel().value;
    window_channel = anos_create_channel().value;
    check_unmap();
    check_replacement();
    check_copies();
    check_windows();
    return finish();
}
