/* The calls from 64 on: delegation, building processes, clocks, power. */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

static uint64_t channel;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t from_child;

static uint64_t hear(uint64_t *message)
{
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, (void *)AREA);
    *message = got.value;
    return tag;
}

/* Makes a channel, tells its cookie, and answers one message on it. */
static void owner(const uint64_t *arguments)
{
    const uint64_t mine = anos_create_channel().value;
    anos_remove_channel_name("owner");
    anos_register_channel_name(mine, "owner");
    anos_send_message(arguments[0], mine, 0, NULL);
    uint64_t tag;
    const result got = anos_recv_message(mine, &tag, NULL, NULL);
    anos_reply_message(got.value, tag * 2);
    anos_task_sleep_current(100 * MS);
}

/* Asks for a cookie and says what sending to it gave. */
static void asker(const uint64_t *arguments)
{
    const uint64_t given = anos_send_message(arguments[0], 1, 0, NULL).value;
    const result sent = anos_send_message(given, 21, 0, NULL);
    if (is_bearer()) {
        anos_send_message(arguments[0], sent.value, 0, NULL);
        return;
    }
    const result received = anos_recv_message(given, NULL, NULL, NULL);
    anos_send_message(arguments[0], sent.value, 0, NULL);
    anos_send_message(arguments[0], (uint64_t)received.type, 0, NULL);
}

static void check_delegation(void)
{
    const bool bearer = is_bearer();
    uint64_t message;
    start_child("owner", owner, channel, 0);
    const uint64_t number = hear(&message);
    is("take: unknown message is FAILURE", anos_take(12345, number, 0), ANOS_FAILURE);
    const uint64_t pass_on = ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT;
    const result taken = anos_take(message, number, pass_on);
    is("take", taken, ANOS_OK);
    CHECK("take: a cookie of our own, or the number", (taken.value == number) == bearer);
    gives("take: again is the same", anos_take(message, number, pass_on), taken.value);
    if (!bearer) {
        is("take: what the sender does not hold is BADARGS", anos_take(message, 12345, 0),
           ANOS_BADARGS);
        is("take: no more than was taken", anos_recv_message(taken.value, NULL, NULL, NULL),
           ANOS_INCAPABLE);
        is("give: what we do not hold is BADARGS", anos_give(message, 12345, 0), ANOS_BADARGS);
        is("destroy without the right is INCAPABLE", anos_destroy_channel(taken.value),
           ANOS_INCAPABLE);
        is("name without the right is INCAPABLE", anos_register_channel_name(taken.value, "x"),
           ANOS_INCAPABLE);
    }
    is("give: unknown target is FAILURE", anos_give(12345, channel, 0), ANOS_FAILURE);
    anos_reply_message(message, 1);

    start_child("asker", asker, channel, 0);
    hear(&message);
    const result given = anos_give(message, taken.value, ANOS_RIGHT_SEND);
    is("give", given, ANOS_OK);
    gives("give: again is the same", anos_give(message, taken.value, ANOS_RIGHT_SEND), given.value);
    anos_reply_message(message, given.value);
    CHECK("give: it can be used", hear(&message) == 42);
    anos_reply_message(message, 1);
    if (!bearer) {
        CHECK("give: not more than we have", (int64_t)hear(&message) == ANOS_INCAPABLE);
        anos_reply_message(message, 1);
    }
}

__attribute__((used)) static void built_main(uint64_t *stack)
{
    __syscall_capabilities[ANOS_SYS_SEND_MESSAGE] = stack[0];
    from_child = 5;
    *(volatile uint64_t *)(AREA + MIB) = 6;
    anos_send_message(stack[1], from_child + stack[2], 8, (void *)(AREA + MIB));
    for (;;) {
    }
}

STACK_ENTRY(built_entry, built_main)

static void builder(const uint64_t *arguments)
{
    const uint64_t process = anos_build_process(ANOS_CLASS_NORMAL).value;
    anos_map_into(process, (uint64_t)_bss_start, (uint64_t)_bss_start, PAGE, RW);
    anos_send_message(arguments[0], 1, 0, NULL);
}

static void check_build(void)
{
    const bool bearer = is_bearer();
    const uint64_t before = free_memory();
    is("build: class 4 is BADARGS", anos_build_process(4), ANOS_BADARGS);
    const result built = anos_build_process(ANOS_CLASS_NORMAL);
    is("build", built, ANOS_OK);
    const uint64_t process = built.value, text = ANOS_PROGRAM_BASE, bss = (uint64_t)_bss_start;
    const uint64_t bytes = (((uint64_t)_data_end + PAGE - 1) & -PAGE) - bss;
    is("map_into: unknown process is FAILURE", anos_map_into(12345, text, text, PAGE, 1),
       ANOS_FAILURE);
    is("map_into: a channel is no process", anos_map_into(channel, text, text, PAGE, 1),
       ANOS_FAILURE);
    is("map_into: unaligned is BADARGS", anos_map_into(process, text + 1, text, PAGE, 1),
       ANOS_BADARGS);
    is("map_into: empty is BADARGS", anos_map_into(process, text, text, 0, 1), ANOS_BADARGS);
    is("map_into: a kernel target is BADARGS",
       anos_map_into(process, text, ANOS_KERNEL_BEGIN, PAGE, 1), ANOS_BADARGS);
    is("map_into: an end outside is BADARGS",
       anos_map_into(process, text, ANOS_USER_END - PAGE, 2 * PAGE, 1), ANOS_BADARGS);
    is("map_into: more than there can be is FAILURE",
       anos_map_into(process, PAGE, PAGE, ANOS_USER_END / 2, 1), ANOS_FAILURE);
    is("map_into: code", anos_map_into(process, text, text, MIB, ANOS_MAP_READ | ANOS_MAP_EXEC),
       ANOS_OK);
    is("map_into: data", anos_map_into(process, bss, bss, bytes, RW), ANOS_OK);
    is("map_into: demand-zero", anos_map_into(process, 0, AREA + MIB, 2 * PAGE, RW), ANOS_OK);
    static uint64_t stack[512] __attribute__((aligned(PAGE)));
    const result call = anos_give(process, __syscall_capabilities[ANOS_SYS_SEND_MESSAGE], 0);
    const result line = anos_give(process, channel, ANOS_RIGHT_SEND);
    is("give: to a process being built", call, ANOS_OK);
    is("give: two things", line, ANOS_OK);
    stack[496] = call.value, stack[497] = line.value, stack[498] = 100;
    is("map_into: its stack", anos_map_into(process, (uint64_t)stack, AREA, PAGE, RW), ANOS_OK);
    stack[498] = 200;
    is("start: kernel entry is BADARGS", anos_start_process(process, ANOS_KERNEL_BEGIN, AREA),
       ANOS_BADARGS);
    is("start: kernel stack is BADARGS", anos_start_process(process, text, ANOS_KERNEL_BEGIN),
       ANOS_BADARGS);
    is("start", anos_start_process(process, (uint64_t)built_entry, AREA + 496 * 8), ANOS_OK);
    is("start: again is FAILURE", anos_start_process(process, (uint64_t)built_entry, AREA),
       ANOS_FAILURE);
    is("map_into: too late is FAILURE", anos_map_into(process, text, text, PAGE, 1), ANOS_FAILURE);
    uint64_t message = 0, tag = 0;
    message = anos_recv_message(channel, &tag, NULL, page).value;
    CHECK("it runs, with the memory as it was when it was mapped", tag == 105);
    CHECK("its memory is its own", from_child == 0 && *(uint64_t *)page == 6);
    anos_reply_message(message, 1);
    anos_task_sleep_current(0);
    is("kill: unknown is FAILURE", anos_kill_process(12345), ANOS_FAILURE);
    is("kill", anos_kill_process(process), ANOS_OK);
    is("kill: again is FAILURE", anos_kill_process(process), ANOS_FAILURE);
    if (!bearer) { /* STAGE3's receiver keeps the page */
        const uint64_t now_free = free_memory();
        CHECK("all of it comes back", now_free + 8 * PAGE > before);
    }
    const uint64_t second = anos_build_process(ANOS_CLASS_NORMAL).value;
    anos_map_into(second, bss, bss, bytes, RW);
    is("kill: one that was never started", anos_kill_process(second), ANOS_OK);

    anos_task_sleep_current(0);
    start_child("builder", builder, channel, 0);
    const uint64_t tag_of_builder = hear(&message);
    anos_reply_message(message, tag_of_builder);
    anos_task_sleep_current(10 * MS);
}

static void forever(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 7, 0, NULL);
    anos_kill_process(0);
    anos_send_message(arguments[0], 8, 0, NULL);
}

static void check_drop(void)
{
    uint64_t message;
    start_child("owner", owner, channel, 0);
    const uint64_t number = hear(&message);
    const uint64_t taken = anos_take(message, number, ANOS_RIGHT_SEND).value;
    if (!is_bearer()) {
        is("give: without GRANT is INCAPABLE", anos_give(message, taken, 0), ANOS_INCAPABLE);
    }
    is("drop: what is not held is BADARGS", anos_drop(12345), ANOS_BADARGS);
    gives("drop", anos_drop(taken), 0);
    if (!is_bearer()) {
        is("drop: it is gone", anos_drop(taken), ANOS_BADARGS);
        is("drop: and cannot be used", anos_send_message(taken, 1, 0, NULL), ANOS_FAILURE);
        const uint64_t again = anos_take(message, number, ANOS_RIGHT_SEND).value;
        CHECK("drop: taken again it is another one", again != taken && again != 0);
    }
    anos_reply_message(message, 1);
    gives("drop: its source still works",
          anos_send_message(is_bearer() ? number : anos_find_named_channel("owner").value, 21, 0,
                            NULL), 42);
}

static void check_the_rest(void)
{
    uint64_t message;
    start_child("suicide", forever, channel, 0);
    const uint64_t tag = hear(&message);
    anos_reply_message(message, 1);
    anos_task_sleep_current(30 * MS);
    CHECK("kill: 0 is oneself", tag == 7);
    const result uptime = anos_clock(ANOS_CLOCK_UPTIME), date = anos_clock(ANOS_CLOCK_REALTIME);
    CHECK("clock: uptime is what a program reads", now() - uptime.value < MS);
    CHECK("clock: real time", date.value / 1000000000 - 1767225600 < 10);
    is("clock: another is BADARGS", anos_clock(2), ANOS_BADARGS);
    static uint64_t area[2] = {0, 77};
    area[0] = (uint64_t)area;
    is("thread pointer", anos_set_thread_pointer((uint64_t)area), ANOS_OK);
    CHECK("thread pointer: it is the register", thread_word() == 77);
    is("thread pointer: kernel address is BADARGS", anos_set_thread_pointer(ANOS_KERNEL_BEGIN),
       ANOS_BADARGS);
    is("power: unknown action is BADARGS", anos_power(2, 0), ANOS_BADARGS);
}

int main(void)
{
    if (!__syscall_capabilities[ANOS_SYS_GIVE]) {
        CHECK("there are no calls of ours", anos_clock(0).type == ANOS_INCAPABLE);
        return finish();
    }
    channel = anos_create_channel().value;
    check_delegation();
    check_build();
    check_drop();
    check_the_rest();
    return finish();
}
