/* Call 6, and what a process leaves behind (anos-abi 3.3, 4.5 and design 6). */
#include "check.h"

static uint64_t channel, other;
static volatile uint64_t shared = 1;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static void nothing(const uint64_t *arguments)
{
    (void)arguments;
}

static void say(const uint64_t *arguments)
{
    anos_send_message(arguments[0], arguments[1], 0, NULL);
}

/* Tells what it sees of `shared`, before and after its parent's writes and its own. */
static void sharer(const uint64_t *arguments)
{
    anos_send_message(arguments[0], shared, 0, NULL);
    anos_send_message(arguments[0], shared, 0, NULL);
    shared = 50;
    anos_send_message(arguments[0], shared, 0, NULL);
    anos_send_message(arguments[0], shared, 0, NULL);
}

static void tell_cookies(const uint64_t *arguments)
{
    anos_send_message(arguments[0], __syscall_capabilities[ANOS_SYS_SLEEP], 0, NULL);
    anos_send_message(arguments[0], arguments[1], 0, NULL);
    anos_send_message(arguments[0], (uint64_t)anos_task_sleep_current(0).type, 0, NULL);
    anos_send_message(arguments[0], (uint64_t)anos_destroy_channel(arguments[1]).type, 0, NULL);
}

static void incapable(const uint64_t *arguments)
{
    anos_send_message(arguments[0], (uint64_t)anos_task_sleep_current(0).type, 0, NULL);
    anos_send_message(arguments[0], (uint64_t)raw_call(false, arguments[1], 0, 0, 0, 0).type, 0,
                      NULL);
}

static void take_and_die(const uint64_t *arguments)
{
    anos_recv_message(arguments[0], NULL, NULL, NULL);
}

static void make_channel_and_die(const uint64_t *arguments)
{
    const uint64_t mine = anos_create_channel().value;
    anos_register_channel_name(mine, "orphan");
    anos_send_message(arguments[0], 1, 0, NULL);
}

static void queue_and_wait(const uint64_t *arguments)
{
    memset(page, 9, sizeof page);
    anos_send_message(arguments[0], 1, 8, page);
}

static void touch_much(const uint64_t *arguments)
{
    anos_map_virtual(64 * PAGE, 0x800000000, ANOS_MAP_READ | ANOS_MAP_WRITE);
    anos_create_region(0x900000000, 0x900000000 + 64 * PAGE, ANOS_REGION_AUTOMAP);
    for (uint64_t i = 0; i < 64; i++) {
        *(volatile uint64_t *)(0x800000000 + i * PAGE) = i;
        *(volatile uint64_t *)(0x900000000 + i * PAGE) = i;
    }
    anos_alloc_physical_pages(16 * PAGE);
    uint64_t address;
    uint32_t data;
    anos_alloc_interrupt_vector(0, &address, &data);
    anos_send_message(arguments[0], 1, 0, NULL);
}

/* The tag of the next message, answered at once. */
static uint64_t hear(uint64_t from)
{
    uint64_t tag = 0;
    const result got = anos_recv_message(from, &tag, NULL, NULL);
    anos_reply_message(got.value, 1);
    return tag;
}

static result create_with(struct anos_process_params params)
{
    return anos_create_process(&params);
}

#define WITH(change)                                                                               \
    ({                                                                                             \
        struct anos_process_params params = child_params("bad", nothing, NULL, NULL);              \
        change;                                                                                    \
        create_with(params);                                                                       \
    })

static void check_parameters(void)
{
    is("3.3 17 regions is BADARGS", WITH(params.region_count = 17), ANOS_BADARGS);
    const uint64_t before = free_memory(); /* the stack has all its pages now */
    is("3.3 unmapped block is BADARGS", anos_create_process(NOWHERE), ANOS_BADARGS);
    is("3.3 kernel block is BADARGS", anos_create_process(KERNEL_ADDRESS), ANOS_BADARGS);
    is("3.3 a block that ends outside is BADARGS",
       anos_create_process((void *)(ANOS_USER_END - 32)),
       ANOS_BADARGS);
    is("3.3 kernel stack is BADARGS", WITH(params.stack_base = ANOS_KERNEL_BEGIN), ANOS_BADARGS);
    is("3.3 a stack in the hole is BADARGS", WITH(params.stack_base = ANOS_USER_END), ANOS_BADARGS);
    is("3.3 a stack that ends in the kernel is BADARGS",
       WITH(params.stack_bytes = ANOS_KERNEL_BEGIN), ANOS_BADARGS);
    is("3.3 a stack that wraps is BADARGS", WITH(params.stack_bytes = -UINT64_C(1)), ANOS_BADARGS);
    is("3.3 no room for the values is BADARGS",
       WITH((params.stack_bytes = PAGE, params.stack_value_count = 385)), ANOS_BADARGS);
    is("3.3 a stack smaller than its values is BADARGS", WITH(params.stack_bytes = 8),
       ANOS_BADARGS);
    is("3.3 too many values is BADARGS", WITH(params.stack_value_count = 16385), ANOS_BADARGS);
    is("3.3 unmapped regions are BADARGS", WITH(params.regions = (uint64_t)NOWHERE), ANOS_BADARGS);
    is("3.3 unmapped values are BADARGS", WITH(params.stack_values = (uint64_t)NOWHERE),
       ANOS_BADARGS);
    is("3.3 an unaligned region is BADARGS", WITH(child_regions[0].start += 8), ANOS_BADARGS);
    is("3.3 an unaligned length is BADARGS", WITH(child_regions[0].bytes += 8), ANOS_BADARGS);
    is("3.3 class 4 is BADARGS", WITH(params.thread_class = 4), ANOS_BADARGS);
    is("3.3 a kernel entry is BADARGS", WITH(params.entry = ANOS_KERNEL_BEGIN), ANOS_BADARGS);
    is("3.3 a kernel region is BADARGS", WITH(child_regions[0].start = ANOS_KERNEL_BEGIN),
       ANOS_BADARGS);
    is("3.3 more stack than there is memory for tables is FAILURE",
       WITH((params.stack_base = PAGE, params.stack_bytes = ANOS_USER_END / 2)), ANOS_FAILURE);
    CHECK("3.3 refusals leave nothing behind", free_memory() == before);
}

static void check_children(void)
{
    const result first = start_child("first", say, channel, 11);
    is("1.8/6 create", first, ANOS_OK);
    CHECK("1.8/6 it runs", hear(channel) == 11);
    const result second = start_child("second", say, channel, 12);
    CHECK("1.8/6 pids grow by one", second.value == first.value + 1);
    CHECK("1.8/6 so does that", hear(channel) == 12);

    start_child("sharer", sharer, channel, 0);
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, NULL);
    CHECK("3.3 a child sees its parent's memory", tag == 1);
    shared = 2;
    anos_reply_message(got.value, 1);
    const uint64_t then = hear(channel);
    CHECK("3.3 its parent's later writes show, or not, as the policy says",
          then == (is_bearer() ? 2 : 1));
    const result third = anos_recv_message(channel, &tag, NULL, NULL);
    CHECK("3.3 what it writes it sees", tag == 50);
    CHECK("3.3 and its parent does not", shared == 2);
    shared = 3;
    anos_reply_message(third.value, 1);
    CHECK("3.3 nor does it see more of its parent's", hear(channel) == 50);
    shared = 2;

    const struct anos_region all_user = {0, ANOS_USER_END - PAGE};
    struct anos_process_params params = child_params("all", say, (uint64_t[4]){channel, 13}, NULL);
    params.regions = (uint64_t)&all_user;
    params.region_count = 1;
    is("3.3 all there is as one region", anos_create_process(&params), ANOS_OK);
    CHECK("3.3 its present pages are shared", hear(channel) == 13);
}

static void check_rights(void)
{
    const bool bearer = is_bearer();
    start_child("cookies", tell_cookies, channel, other);
    const uint64_t call = hear(channel), its_other = hear(channel);
    CHECK("2 a child's calls have cookies of their own, or STAGE3's",
          (call == __syscall_capabilities[ANOS_SYS_SLEEP]) == bearer && call);
    CHECK("2 so has a channel that is a stack value", (its_other == other) == bearer && its_other);
    CHECK("2 they work", hear(channel) == 0);
    CHECK("2 with all rights", hear(channel) == 0);
    is("2 on the same object", anos_register_channel_name(other, "gone"), ANOS_BAD_NUMBER);
    other = anos_create_channel().value;

    const int without[] = {ANOS_SYS_SLEEP, 0};
    const uint64_t arguments[CHILD_ARGUMENTS] = {channel, 0x1234567};
    struct anos_process_params params = child_params("incapable", incapable, arguments, without);
    is("2 a child without a call", anos_create_process(&params), ANOS_OK);
    CHECK("1.5 no cookie is INCAPABLE", (int64_t)hear(channel) == ANOS_INCAPABLE);
    CHECK("1.5 a guessed one, too", (int64_t)hear(channel) == ANOS_INCAPABLE);
}

static void check_death(void)
{
    anos_task_sleep_current(0);
    uint64_t before = free_memory();
    start_child("touch", touch_much, channel, 0);
    hear(channel);
    anos_task_sleep_current(0);
    CHECK("5.4 what a process had comes back", free_memory() == before);

    start_child("taker", take_and_die, other, 0);
    is("4.5 the receiver dies unanswered: FAILURE", anos_send_message(other, 1, 0, NULL),
       ANOS_FAILURE);

    start_child("maker", make_channel_and_die, channel, 0);
    hear(channel);
    anos_task_sleep_current(0);
    gives("4.5 a channel dies with all who may receive", anos_find_named_channel("orphan"), 0);

    before = free_memory();
    start_child("queue", queue_and_wait, other, 0);
    anos_task_sleep_current(0);
    is("4.5 a queued message goes with its channel", anos_destroy_channel(other), ANOS_OK);
    anos_task_sleep_current(0);
    CHECK("4.5 and its sender goes on, and ends", free_memory() == before);
}

static void check_many(void)
{
    const uint64_t before = free_memory();
    bool right = true;
    for (uint64_t i = 0; i < 100; i++) {
        right = right && start_child("one of many", say, channel, 1000 + i).type == ANOS_OK;
        right = right && hear(channel) == 1000 + i;
    }
    anos_task_sleep_current(0);
    CHECK("5.4 a hundred processes, one after the other", right && free_memory() == before);
}

int main(void)
{
    channel = anos_create_channel().value;
    other = anos_create_channel().value;
    memset(page, 1, sizeof page);
    memset(child_values, 1, sizeof child_values);
    start_child("warm-up", nothing, 0, 0);
    anos_task_sleep_current(0);
    check_parameters();
    check_children();
    check_rights();
    check_death();
    check_many();
    return finish();
}
