/* Call 85: changing the protection of pages that are mapped. */
#include "build.h"

#define AREA UINT64_C(0x500000000)
#define R ANOS_MAP_READ
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define RX (ANOS_MAP_READ | ANOS_MAP_EXEC)

static const uint8_t answer[] = CODE_GIVES(42);
static uint64_t channel, ends;

static volatile uint64_t *at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

/* May the kernel write there for us? */
static bool writable(uint64_t address)
{
    return anos_get_mem_info((void *)(address + PAGE / 2)).type == ANOS_OK;
}

/* May it read there for us? */
static bool readable(uint64_t address)
{
    return anos_futex_wait((void *)address, 0x12345678, 1).type != ANOS_BADARGS;
}

static uint64_t told(void)
{
    uint64_t tag = 0;
    anos_reply_message(anos_recv_message(channel, &tag, NULL, NULL).value, 1);
    return tag;
}

/* ---- in children: one deed each, which ends the process if it may not be ---- */

static void write_it(const uint64_t *arguments)
{
    anos_map_virtual(PAGE, AREA, RW);
    *at(AREA) = 1;
    anos_protect(PAGE, AREA, arguments[0]);
    *at(AREA) = 2;
    anos_exit_process(*at(AREA));
}

static void read_it(const uint64_t *arguments)
{
    anos_map_virtual(PAGE, AREA, RW);
    *at(AREA) = 7;
    anos_protect(PAGE, AREA, arguments[0]);
    anos_exit_process(*at(AREA));
}

static void run_it(const uint64_t *arguments)
{
    anos_map_virtual(PAGE, AREA, RW);
    memcpy((void *)AREA, answer, sizeof answer);
    anos_protect(PAGE, AREA, arguments[0]);
    anos_exit_process((uint64_t)((int (*)(void))AREA)());
}

/* A page that was never touched, of a region. */
static void touch_it(const uint64_t *arguments)
{
    anos_create_region(AREA, AREA + 4 * PAGE, ANOS_REGION_AUTOMAP);
    anos_protect(PAGE, AREA + PAGE, arguments[0]);
    *at(AREA) = *at(AREA + 2 * PAGE) = 3;
    *at(AREA + PAGE) = 4;
    anos_exit_process(*at(AREA) + *at(AREA + PAGE));
}

static uint64_t end_of(void (*body)(const uint64_t *), uint64_t flags)
{
    const uint64_t child = build_child("child", body, flags, 0);
    anos_watch_process(child, ends, 1);
    anos_wait(ends, 1, 1000 * MS);
    const uint64_t status = anos_process_status(child).value;
    anos_drop(child);
    return status;
}

static const uint64_t exited = (uint64_t)ANOS_END_EXITED << 32;
static const uint64_t faulted = (uint64_t)ANOS_END_FAULTED << 32;

static void check_deeds(void)
{
    const bool bearer = is_bearer();
    CHECK("a page that is protected RW can be written", end_of(write_it, RW) == exited + 2);
    CHECK("one that is protected R cannot", end_of(write_it, R) == faulted);
    CHECK("one that is protected RX cannot", end_of(write_it, RX) == faulted);
    CHECK("R can be read", end_of(read_it, R) == exited + 7);
    CHECK("no access cannot", end_of(read_it, 0) == faulted);
    CHECK("RX can be executed", end_of(run_it, RX) == exited + 42);
    CHECK("RW cannot, under derived", end_of(run_it, RW) == (bearer ? exited + 42 : faulted));
    CHECK("a region's page that is protected RW appears", end_of(touch_it, RW) == exited + 7);
    CHECK("one that is protected R does not", end_of(touch_it, R) == faulted);
    CHECK("nor one without access", end_of(touch_it, 0) == faulted);
}

static void check_refusals(void)
{
    anos_map_virtual(4 * PAGE, AREA, RW);
    anos_unmap_virtual(PAGE, AREA + 2 * PAGE);
    *at(AREA) = 5;
    is("an unaligned base is BADARGS", anos_protect(PAGE, AREA + 8, R), ANOS_BADARGS);
    is("an unaligned size is BADARGS", anos_protect(PAGE + 8, AREA, R), ANOS_BADARGS);
    is("size 0 is BADARGS", anos_protect(0, AREA, R), ANOS_BADARGS);
    is("a kernel base is BADARGS", anos_protect(PAGE, ANOS_KERNEL_BEGIN, R), ANOS_BADARGS);
    is("an end outside is BADARGS", anos_protect(2 * PAGE, ANOS_USER_END - PAGE, R), ANOS_BADARGS);
    is("a size that wraps is BADARGS", anos_protect(-PAGE, AREA, R), ANOS_BADARGS);
    is("an unknown flag is BADARGS", anos_protect(PAGE, AREA, 16), ANOS_BADARGS);
    is("NOCACHE is not its business", anos_protect(PAGE, AREA, RW | ANOS_MAP_NOCACHE),
       ANOS_BADARGS);
    is("an unmapped page is FAILURE", anos_protect(PAGE, AREA + 2 * PAGE, R), ANOS_FAILURE);
    is("one among others, too", anos_protect(4 * PAGE, AREA, R), ANOS_FAILURE);
    CHECK("and then nothing has changed", writable(AREA) && writable(AREA + 3 * PAGE));
    is("all there can be is FAILURE", anos_protect(ANOS_USER_END - PAGE, PAGE, R), ANOS_FAILURE);
    const result both = anos_protect(PAGE, AREA, RW | ANOS_MAP_EXEC);
    is("WRITE with EXEC is FAILURE under derived", both, is_bearer() ? ANOS_OK : ANOS_FAILURE);
    CHECK("and its page is as it was", *at(AREA) != 6 && writable(AREA));
    anos_unmap_virtual(4 * PAGE, AREA);
}

static void check_changes(void)
{
    anos_map_virtual(3 * PAGE, AREA, RW);
    *at(AREA) = 5;
    const uint64_t before = free_memory();
    is("take WRITE away", anos_protect(3 * PAGE, AREA, R), ANOS_OK);
    CHECK("from pages with memory and without", !writable(AREA) && !writable(AREA + PAGE));
    CHECK("what was in them stays", *at(AREA) == 5 && *at(AREA + PAGE) == 0);
    is("take all away", anos_protect(3 * PAGE, AREA, 0), ANOS_OK);
    CHECK("then the kernel may not read there either", !readable(AREA));
    is("a message does not carry such a page", anos_protect(PAGE, AREA, 0), ANOS_OK);
    is("give it back", anos_protect(3 * PAGE, AREA, RW), ANOS_OK);
    CHECK("what was in them is still there", *at(AREA) == 5 && *at(AREA + PAGE) == 0);
    CHECK("it took no memory", free_memory() == before);
    *at(AREA) = 6;
    CHECK("a page of our own is written in place", *at(AREA) == 6 && free_memory() == before);
    CHECK("the kernel may write again", writable(AREA + 2 * PAGE));
    CHECK("which took a page", free_memory() == before - PAGE);
    anos_unmap_virtual(3 * PAGE, AREA);

    anos_create_region(AREA, AREA + 512 * MIB, ANOS_REGION_AUTOMAP);
    const uint64_t untouched = free_memory();
    is("pages of a region that never appeared, R", anos_protect(2 * PAGE, AREA, R), ANOS_OK);
    is("those to their end, RW", anos_protect(512 * MIB, AREA, RW), ANOS_OK);
    is("one more is not mapped", anos_protect(512 * MIB + PAGE, AREA, RW), ANOS_FAILURE);
    CHECK("which takes no memory", free_memory() == untouched);
    is("no access to them", anos_protect(64 * MIB, AREA + MIB, 0), ANOS_OK);
    CHECK("nor does that", free_memory() == untouched && !readable(AREA + MIB));
    *at(AREA + 65 * MIB) = 1;
    CHECK("those behind them are as before", *at(AREA + 65 * MIB) == 1);
    is("they can all be read-only", anos_protect(511 * MIB, AREA + MIB, R), ANOS_OK);
    anos_destroy_region(AREA);
    anos_unmap_virtual(512 * MIB, AREA);
    anos_create_region(AREA, AREA + (UINT64_C(1) << 40), ANOS_REGION_AUTOMAP);
    is("more than there are tables for is FAILURE",
       anos_protect(UINT64_C(1) << 40, AREA, R), ANOS_FAILURE);
    CHECK("and those pages can still be written", writable(AREA) && writable(AREA + (MIB << 9)));
    anos_destroy_region(AREA);
    anos_unmap_virtual(UINT64_C(1) << 40, AREA);
}

/* A child looks at a page that its parent protects and writes: its own does not change. */
static void look(const uint64_t *arguments)
{
    anos_send_message(arguments[0], *at(AREA), 0, NULL);
    anos_send_message(arguments[0], *at(AREA), 0, NULL);
    *at(AREA) = 30;
    anos_send_message(arguments[0], *at(AREA), 0, NULL);
}

static void check_copies(void)
{
    anos_map_virtual(PAGE, AREA, RW);
    *at(AREA) = 10;
    const uint64_t arguments[CHILD_ARGUMENTS] = {channel};
    struct anos_process_params params = child_params("looker", look, arguments, NULL);
    struct anos_region regions[3] = {child_regions[0], child_regions[1], {AREA, PAGE}};
    params.regions = (uint64_t)regions;
    params.region_count = 3;
    anos_create_process(&params);
    CHECK("a child sees the page", told() == 10);
    is("protect a page that two have", anos_protect(PAGE, AREA, R), ANOS_OK);
    is("and back", anos_protect(PAGE, AREA, RW), ANOS_OK);
    *at(AREA) = 20;
    if (is_bearer()) {
        told(); /* STAGE3's rule: a child sees its parent's later writes */
    } else {
        CHECK("a child does not see what we write then", told() == 10);
    }
    told();
    CHECK("nor do we see the child's", *at(AREA) == 20);
    anos_unmap_virtual(PAGE, AREA);
}

/* Answers a message whose page it tried to protect. */
static void protect_window(const uint64_t *arguments)
{
    const uint64_t message = anos_recv_message(arguments[0], NULL, NULL, (void *)AREA).value;
    const bool is_refused = anos_protect(PAGE, AREA, R).type == ANOS_FAILURE;
    if (is_refused) {
        *at(AREA) += 1;
    }
    anos_reply_message(message, 1 + is_refused);
}

static void check_windows(void)
{
    static uint64_t page[PAGE / 8] __attribute__((aligned(PAGE)));
    const uint64_t line = anos_create_channel().value;
    const uint64_t child = build_child("server", protect_window, line, 0);
    page[0] = 50;
    const uint64_t answer = anos_send_message(line, 1, 8, page).value;
    CHECK("a page that a message brought cannot be protected, under derived",
          is_bearer() ? answer == 1 : answer == 2 && page[0] == 51);
    anos_kill_process(child);
    anos_drop(child);
}

static void check_devices(void)
{
    const uint64_t frame = anos_alloc_physical_pages(PAGE).value;
    anos_map_physical(frame, AREA, PAGE, RW);
    anos_map_physical(frame, AREA + PAGE, PAGE, R);
    *at(AREA) = 77;
    is("memory for devices", anos_protect(PAGE, AREA, R), ANOS_OK);
    CHECK("is protected", !writable(AREA));
    is("memory for devices, again", anos_protect(PAGE, AREA + PAGE, RW), ANOS_OK);
    *at(AREA + PAGE) = 78;
    CHECK("it is still the same frame", *at(AREA) == 78);
    if (!is_bearer()) {
        const uint64_t registers = CONFIG_SPACE;
        anos_map_physical(registers, AREA, PAGE, RW);
        is("registers", anos_protect(PAGE, AREA, R), ANOS_OK);
        is("registers, again", anos_protect(PAGE, AREA, RW), ANOS_OK);
        is("registers are no code", anos_protect(PAGE, AREA, RX), ANOS_FAILURE);
    }
    anos_unmap_virtual(2 * PAGE, AREA);
}

int main(void)
{
    channel = anos_create_channel().value;
    ends = anos_create_notification().value;
    check_deeds();
    check_refusals();
    check_changes();
    check_copies();
    check_windows();
    check_devices();
    return finish();
}
