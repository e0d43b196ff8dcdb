/*
 * Pages that two sides have at once: what each sees of the other's writes, in
 * messages under way, in children, and through physical addresses.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define WINDOW UINT64_C(0xb0000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { PAGES = 8 };

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t *const ours = (volatile uint64_t *)page;
static uint64_t channel;
static volatile uint64_t line, sent;
static volatile uint64_t shared[PAGES][PAGE / 8] __attribute__((aligned(PAGE)));

static volatile uint64_t *at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

/* ---- in children ---- */

/* Takes a page, says so, and looks at it and writes it while its sender's process does, too. */
static void look_on(const uint64_t *arguments)
{
    uint64_t size = 0;
    const uint64_t message = anos_recv_message(arguments[0], NULL, &size, (void *)WINDOW).value;
    anos_send_message(arguments[1], *at(WINDOW), 0, NULL);
    anos_send_message(arguments[1], *at(WINDOW), 0, NULL);
    *at(WINDOW + 8) = 1002;
    anos_send_message(arguments[1], *at(WINDOW + PAGE - 8), 0, NULL);
    anos_send_message(arguments[1], size, 0, NULL);
    anos_reply_message(message, 5);
}

/* Changes every second page of what it shares with its parent, and tells the sum. */
static void change_half(const uint64_t *arguments)
{
    uint64_t sum = 0;
    for (int i = 0; i < PAGES; i += 2) {
        shared[i][0] = 100;
    }
    for (int i = 0; i < PAGES; i++) {
        sum += shared[i][0];
    }
    anos_send_message(arguments[0], sum, 0, NULL);
    anos_unmap_virtual(sizeof shared, (uint64_t)shared);
    const result gone = anos_get_mem_info((void *)shared);
    anos_send_message(arguments[0], (uint64_t)gone.type, 0, NULL);
    anos_map_virtual(PAGE, (uint64_t)shared, RW);
    anos_send_message(arguments[0], shared[0][0], 0, NULL);
}

static void tell_sum(const uint64_t *arguments)
{
    uint64_t sum = 0;
    for (int i = 0; i < PAGES; i++) {
        sum += shared[i][0];
    }
    anos_send_message(arguments[0], sum, 0, NULL);
}

static void have_a_child(const uint64_t *arguments)
{
    shared[0][0] += 1000;
    start_child("grandchild", tell_sum, arguments[0], 0);
}

/* Has only those pages that were shared, and no region that they came from. */
static void probe(const uint64_t *arguments)
{
    const uint64_t to = arguments[0], area = arguments[1];
    anos_send_message(to, *at(area), 0, NULL);
    anos_send_message(to, (uint64_t)anos_get_mem_info((void *)(area + PAGE)).type, 0, NULL);
    anos_send_message(to, (uint64_t)anos_get_mem_info((void *)(area + 2 * PAGE)).type, 0, NULL);
}

/* ---- in this process ---- */

static result hear(uint64_t *tag)
{
    return anos_recv_message(channel, tag, NULL, NULL);
}

static uint64_t tag_of_next(void)
{
    uint64_t tag = 0;
    anos_reply_message(hear(&tag).value, 1);
    return tag;
}

static void send_page(void)
{
    sent = anos_send_message(line, 1, 16, page).value;
    anos_kill_current_task();
}

static void check_message(void)
{
    uint64_t tag = 0;
    line = anos_create_channel().value;
    ours[0] = 1;
    ours[1] = 2;
    ours[PAGE / 8 - 1] = 3;
    start_child("looker", look_on, line, channel);
    start_thread(send_page, ANOS_CLASS_NORMAL);
    result got = hear(&tag);
    CHECK("4.3 the receiver sees what was in the page", tag == 1);
    ours[0] = 1001;
    anos_reply_message(got.value, 1);
    got = hear(&tag);
    CHECK("4.3 and what the sender's process writes meanwhile", tag == 1001);
    anos_reply_message(got.value, 1);
    got = hear(&tag);
    CHECK("4.3 the sender's process sees what the receiver writes, before the reply",
          ours[1] == 1002 && !sent);
    CHECK("4.3 all of the page is shared, whatever the size", tag == 3);
    anos_reply_message(got.value, 1);
    CHECK("4.3 the size arrives as it was sent", tag_of_next() == 16);
    CHECK("4.3 then the sender goes on", wait_for(&sent) && sent == 5);
    CHECK("4.3 with all that was written", ours[0] == 1001 && ours[1] == 1002);
}

static uint64_t sum_of_ours(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < PAGES; i++) {
        sum += shared[i][0];
    }
    return sum;
}

static void check_children(void)
{
    for (uint64_t i = 0; i < PAGES; i++) {
        shared[i][0] = 1;
    }
    start_child("changer", change_half, channel, 0);
    CHECK("5.2 a child has what it wrote and what it was given",
          tag_of_next() == PAGES / 2 * 100 + PAGES / 2);
    CHECK("5.2 its parent has what it had", sum_of_ours() == PAGES);
    CHECK("5.2 a child may unmap shared pages", (int64_t)tag_of_next() == ANOS_BADARGS);
    CHECK("5.2 and map memory there", tag_of_next() == 0);
    CHECK("5.2 its parent still has what it had", sum_of_ours() == PAGES);
    start_child("parent", have_a_child, channel, 0);
    CHECK("5.2 a grandchild has what its parent wrote", tag_of_next() == PAGES + 1000);
    CHECK("5.2 and nobody else", sum_of_ours() == PAGES);
    for (uint64_t i = 0; i < PAGES; i++) {
        shared[i][0] = i;
    }
    CHECK("5.2 a parent can write what was shared", sum_of_ours() == PAGES * (PAGES - 1) / 2);
    for (int i = 0; i < 3; i++) {
        start_child("one", tell_sum, channel, 0);
        start_child("another", tell_sum, channel, 0);
        const uint64_t first = tag_of_next(), second = tag_of_next();
        CHECK("5.2 several children see the same",
              first == second && first == PAGES * (PAGES - 1) / 2);
    }
}

static void check_regions(void)
{
    anos_create_region(AREA, AREA + 4 * PAGE, ANOS_REGION_AUTOMAP);
    *at(AREA) = 42;
    anos_map_virtual(PAGE, AREA + 2 * PAGE, RW); /* present, and never touched */
    const uint64_t arguments[CHILD_ARGUMENTS] = {channel, AREA};
    struct anos_process_params params = child_params("probe", probe, arguments, NULL);
    const struct anos_region regions[] = {child_regions[0], child_regions[1], {AREA, 4 * PAGE}};
    params.regions = (uint64_t)regions;
    params.region_count = 3;
    is("3.3 three regions", anos_create_process(&params), ANOS_OK);
    CHECK("3.3 a page that is there is shared", tag_of_next() == 42);
    CHECK("3.3 one that has not appeared is not, nor is the region",
          (int64_t)tag_of_next() == ANOS_BADARGS);
    CHECK("3.3 zero memory is, and can be written", (int64_t)tag_of_next() == ANOS_OK);
    CHECK("3.3 which its parent does not see", *at(AREA + 2 * PAGE) == 0);
}

static void check_physical(void)
{
    const uint64_t frame = anos_alloc_physical_pages(2 * PAGE).value;
    for (uint64_t i = 0; i < 4; i++) {
        anos_map_physical(frame, AREA + (i + 1) * MIB, 2 * PAGE, RW);
    }
    for (uint64_t i = 0; i < 4; i++) {
        *at(AREA + (i + 1) * MIB + i * 8) = i + 1;
    }
    bool same = true;
    for (uint64_t i = 0; i < 4; i++) {
        for (uint64_t k = 0; k < 4; k++) {
            same = same && *at(AREA + (i + 1) * MIB + k * 8) == k + 1;
        }
    }
    CHECK("1.8/21 four addresses of the same frames", same);
    anos_map_physical(frame + PAGE, AREA + MIB, PAGE, RW);
    *at(AREA + MIB) = 77;
    CHECK("1.8/21 mapped again, it is the other frame at once",
          *at(AREA + 2 * MIB) == 1 && *at(AREA + 2 * MIB + PAGE) == 77);
    anos_unmap_virtual(2 * PAGE, AREA + 2 * MIB);
    CHECK("1.8/17 one mapping goes, the others stay", *at(AREA + 3 * MIB + PAGE) == 77);
}

int main(void)
{
    channel = anos_create_channel().value;
    memset(page, 1, sizeof page);
    check_message();
    check_children();
    check_regions();
    check_physical();
    return finish();
}
