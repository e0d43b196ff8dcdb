/*
 * Children that do what no program may. After each deed the parent talks to a
 * healthy process; the test reads the reports of the dead, by their names.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RWX (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_EXEC)

static uint64_t to_healthy;

static void healthy(const uint64_t *arguments)
{
    for (uint64_t tag;;) {
        const result got = anos_recv_message(arguments[0], &tag, NULL, NULL);
        anos_reply_message(got.value, tag + 1);
    }
}

static void run_bytes(uint64_t at, const void *bytes, unsigned count)
{
    anos_map_virtual(2 * PAGE, AREA, RWX);
    memcpy((void *)at, bytes, count);
    ((void (*)(void))at)();
}

#define DEED(name, ...)                                                                            \
    static void name(const uint64_t *arguments)                                                    \
    {                                                                                              \
        (void)arguments;                                                                           \
        __VA_ARGS__;                                                                               \
    }
#include "deeds.h"

DEED(kernel_read, (void)*(volatile uint64_t *)ANOS_KERNEL_BEGIN)
DEED(kernel_write, *(volatile uint64_t *)-8 = 1)
DEED(kernel_jump, ((void (*)(void))0xffffffff80000000)())
DEED(hole_read, (void)*(volatile uint64_t *)ANOS_USER_END)
DEED(hole_jump, ((void (*)(void))0x1234567812345678)())
DEED(null_jump, ((void (*)(void))16)())
DEED(null_read, (void)*(volatile uint64_t *)8)
DEED(read_only, anos_map_virtual(PAGE, AREA, ANOS_MAP_READ), *(volatile uint64_t *)AREA = 1)
DEED(unmapped, anos_map_virtual(PAGE, AREA, RWX), anos_unmap_virtual(PAGE, AREA),
     *(volatile uint64_t *)AREA = 1)
DEED(run_data, anos_map_virtual(PAGE, AREA, ANOS_MAP_READ | ANOS_MAP_WRITE),
     *(uint64_t *)AREA = CODE_RETURNS, ((void (*)(void))AREA)())
DEED(no_memory_there, anos_map_physical(UINT64_C(1) << 39, AREA, PAGE, ANOS_MAP_READ),
     (void)*(volatile uint32_t *)AREA)
DEED(run_device, anos_map_physical(CONFIG_SPACE, AREA, PAGE, RWX), ((void (*)(void))AREA)())
DEED(bad_thread, anos_create_thread((void *)ANOS_KERNEL_BEGIN, 0, 1), anos_task_sleep_current(MS))

__attribute__((noinline)) static uint64_t deeper(uint64_t depth)
{
    volatile uint8_t room[512];
    room[0] = (uint8_t)depth;
    return depth == ~UINT64_C(0) ? 0 : depth + deeper(depth + 1) * 3 + room[0];
}

DEED(stack_overflow, deeper(0))

static void all_memory(const uint64_t *arguments)
{
    (void)arguments;
    anos_create_region(AREA, AREA + (UINT64_C(1) << 32), ANOS_REGION_AUTOMAP);
    for (uint64_t at = AREA;; at += PAGE) {
        *(volatile uint64_t *)at = at;
    }
}

static void all_memory_by_calls(const uint64_t *arguments)
{
    (void)arguments;
    anos_map_virtual(PAGE, AREA, ANOS_MAP_READ | ANOS_MAP_WRITE);
    while (anos_alloc_physical_pages(PAGE).type == ANOS_OK) {
    }
    *(volatile uint64_t *)AREA = 1; /* there is no frame for it */
}

static void many_tables(const uint64_t *arguments)
{
    (void)arguments;
    for (uint64_t at = AREA; anos_map_virtual(PAGE, at, ANOS_MAP_READ).type == ANOS_OK;) {
        at += UINT64_C(1) << 30;
    }
    *(volatile uint64_t *)16 = 1; /* it got here: the last one failed */
}

static void dies_serving(const uint64_t *arguments)
{
    anos_recv_message(arguments[1], NULL, NULL, (void *)AREA);
    *(volatile uint64_t *)8 = 1;
}

static void spinning_thread(void)
{
    for (;;) {
        anos_task_sleep_current(0);
    }
}

static void dies_with_threads(const uint64_t *arguments)
{
    for (int i = 0; i < 8; i++) {
        start_thread(spinning_thread, (uint8_t)(i % 4));
    }
    anos_task_sleep_current(30 * MS);
    *(volatile uint64_t *)arguments = *(volatile uint64_t *)8;
}

static const struct deed {
    const char *name;
    void (*body)(const uint64_t *arguments);
} deeds[] = {
#define D(name) {#name, name}
    MACHINE_DEEDS(D)
    D(kernel_read), D(kernel_write), D(kernel_jump), D(hole_read), D(hole_jump), D(null_jump),
    D(null_read), D(read_only), D(unmapped), D(run_data), D(no_memory_there), D(run_device),
    D(bad_thread), D(stack_overflow), D(all_memory), D(all_memory_by_calls), D(many_tables),
    D(dies_with_threads), D(jumps_to_itself), D(spins),
};

int main(void)
{
    const uint64_t victim = anos_create_channel().value;
    to_healthy = anos_create_channel().value;
    static uint8_t page[PAGE] __attribute__((aligned(PAGE))) = {1};
    start_child("healthy", healthy, to_healthy, 0);
    for (unsigned i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        start_child(deeds[i].name, deeds[i].body, to_healthy, victim);
        anos_task_sleep_current(60 * MS);
        gives(deeds[i].name, anos_send_message(to_healthy, i, 0, NULL), i + 1);
    }
    start_child("dies_serving", dies_serving, to_healthy, victim);
    is("dies_serving", anos_send_message(victim, 1, 8, page), ANOS_FAILURE);
    CHECK("the page is still here", page[0] == 1);
    return finish();
}
