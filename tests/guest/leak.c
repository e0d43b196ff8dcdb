/*
 * All that begins and ends in a system, again and again: a line "batch N" after
 * each time, with everything ended that it began. The test looks at what is left.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { CREATED = 48, BUILT = 50, MESSAGES = 10000 };

static uint64_t channel, line, ends;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t built_stack[PAGE / 8] __attribute__((aligned(PAGE)));

static void hear(void)
{
    const result got = anos_recv_message(channel, NULL, NULL, (void *)AREA);
    anos_reply_message(got.value, 1);
}

static void serve(const uint64_t *arguments)
{
    for (;;) {
        const result got = anos_recv_message(arguments[0], NULL, NULL, (void *)AREA);
        anos_reply_message(got.value, got.value);
    }
}

static void say(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 1, 8, page);
}

static void crash(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 1, 0, NULL);
    *(volatile uint64_t *)NOWHERE = 1;
}

/* Has one of everything when it ends. */
static void have(const uint64_t *arguments)
{
    static const char name[] = "leak";
    uint64_t address;
    uint32_t data;
    anos_register_channel_name(anos_create_channel().value, name);
    anos_find_named_channel(name);
    anos_create_region(AREA, AREA + 4 * PAGE, ANOS_REGION_AUTOMAP);
    *(volatile uint64_t *)AREA = 1;
    anos_map_virtual(4 * PAGE, AREA + MIB, RW);
    const uint64_t physical = anos_alloc_physical_pages(4 * PAGE).value;
    anos_map_physical(physical, AREA + 2 * MIB, 4 * PAGE, RW);
    anos_alloc_interrupt_vector(0, &address, &data);
    const uint64_t built = anos_build_process(ANOS_CLASS_NORMAL).value;
    anos_map_into(built, (uint64_t)page, AREA, PAGE, RW);
    const uint64_t memory = anos_create_memory(2 * PAGE).value;
    anos_map_memory(memory, AREA + 4 * MIB, 0, 2 * PAGE, RW);
    anos_protect(PAGE, AREA + 4 * MIB, ANOS_MAP_READ);
    anos_watch_process(built, anos_create_notification().value, 1);
    anos_send_message(arguments[0], 1, 8, (void *)AREA);
    anos_exit_process(1);
}

static void have_and_sleep(void)
{
    anos_task_sleep_current(INT64_MAX);
}

static void have_and_wait(void)
{
    anos_wait(anos_create_notification().value, 1, 3600000 * MS);
}

static void have_a_futex(void)
{
    static const uint32_t word;
    anos_futex_wait(&word, 0, 3600000 * MS);
}

/* A thread ends, others sleep or wait, and their process ends. */
static void have_threads(const uint64_t *arguments)
{
    start_thread(have_and_sleep, ANOS_CLASS_HIGH);
    start_thread(have_and_wait, ANOS_CLASS_HIGH);
    start_thread(have_a_futex, ANOS_CLASS_HIGH);
    start_thread((void (*)(void))(uintptr_t)anos_kill_current_task, ANOS_CLASS_HIGH);
    anos_task_sleep_current(0);
    anos_send_message(arguments[0], 1, 0, NULL);
    anos_kill_process(0);
}

/* Starts the one that follows, and ends. */
static void follow(const uint64_t *arguments)
{
    if (arguments[1] == 0) {
        anos_send_message(arguments[0], 1, 0, NULL);
    } else {
        start_child("follow", follow, arguments[0], arguments[1] - 1);
    }
}

__attribute__((used)) static void built_main(const uint64_t *stack)
{
    __syscall_capabilities[ANOS_SYS_SEND_MESSAGE] = stack[0];
    __syscall_capabilities[ANOS_SYS_SLEEP] = stack[2];
    anos_send_message(stack[1], 1, 0, NULL);
    anos_task_sleep_current(INT64_MAX);
    __builtin_trap();
}

STACK_ENTRY(built_entry, built_main)

/* Build one that sleeps, and kill it. */
static void build(void)
{
    const uint64_t process = anos_build_process(ANOS_CLASS_NORMAL).value;
    const uint64_t text = ANOS_PROGRAM_BASE, bss = (uint64_t)_bss_start;
    anos_map_into(process, text, text, 64 * PAGE, ANOS_MAP_READ | ANOS_MAP_EXEC);
    anos_map_into(process, bss, bss, (((uint64_t)_data_end + PAGE - 1) & -PAGE) - bss, RW);
    built_stack[496] = anos_give(process, __syscall_capabilities[ANOS_SYS_SEND_MESSAGE], 0).value;
    built_stack[497] = anos_give(process, channel, ANOS_RIGHT_SEND).value;
    built_stack[498] = anos_give(process, __syscall_capabilities[ANOS_SYS_SLEEP], 0).value;
    anos_map_into(process, (uint64_t)built_stack, AREA, PAGE, RW);
    anos_start_process(process, (uint64_t)built_entry, AREA + 496 * 8);
    hear();
    anos_watch_process(process, ends, 1);
    anos_kill_process(process);
    anos_wait(ends, 1, 0);
    anos_drop(process); /* else it would go on telling how it ended */
}

static void batch(void)
{
    static void (*const bodies[])(const uint64_t *) = { say, say, say, have, crash, have_threads };
    for (unsigned i = 0; i < CREATED; i++) {
        start_child("child", bodies[i % (sizeof bodies / sizeof *bodies)], channel, 0);
        hear();
    }
    start_child("follow", follow, channel, 20);
    hear();
    for (int i = 0; i < BUILT; i++) {
        build();
    }
    for (int i = 0; i < MESSAGES; i++) {
        anos_send_message(line, (uint64_t)i, i % 2 ? 64 : 0, page);
    }
    anos_task_sleep_current(10 * MS);
}

int main(void)
{
    channel = anos_create_channel().value;
    line = anos_create_channel().value;
    ends = anos_create_notification().value;
    memset(page, 1, sizeof page);
    start_child("server", serve, line, 0);
    for (int number = 1;; number++) {
        batch();
        printf("batch %d\n", number);
    }
}
