/* Calls 89 and 90: memory objects. */
#include "build.h"

#define AREA UINT64_C(0x500000000)
#define OTHER UINT64_C(0x600000000)
#define R ANOS_MAP_READ
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { PAGES = 4 };

static uint64_t channel, ends;

static volatile uint64_t *at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

static bool writable(uint64_t address)
{
    return anos_get_mem_info((void *)(address + PAGE / 2)).type == ANOS_OK;
}

static uint64_t told(void)
{
    uint64_t tag = 0;
    anos_reply_message(anos_recv_message(channel, &tag, NULL, NULL).value, 1);
    return tag;
}

static uint64_t create(uint64_t pages)
{
    return anos_create_memory(pages * PAGE).value;
}

static void check_create(void)
{
    is("create: size 0 is BADARGS", anos_create_memory(0), ANOS_BADARGS);
    is("create: no whole pages is BADARGS", anos_create_memory(PAGE + 1), ANOS_BADARGS);
    const uint64_t before = free_memory();
    is("create: more than there is is FAILURE", anos_create_memory(before + PAGE), ANOS_FAILURE);
    is("create: all there can be is FAILURE", anos_create_memory(-PAGE), ANOS_FAILURE);
    CHECK("create: a refusal takes nothing", free_memory() == before);
    const result made = anos_create_memory(PAGES * PAGE);
    is("create", made, ANOS_OK);
    CHECK("create: its pages are there at once", free_memory() == before - PAGES * PAGE);
    CHECK("inspect: a memory object",
          anos_inspect(made.value).value >> 32 == ANOS_OBJECT_MEMORY);
    gives("drop", anos_drop(made.value), 0);
    CHECK("drop: they are gone with it", free_memory() == before);
    is("drop: it is gone", anos_map_memory(made.value, AREA, 0, PAGE, R), ANOS_FAILURE);
}

static void check_map(void)
{
    const uint64_t memory = create(PAGES);
    anos_map_virtual(PAGE, AREA, RW);
    *at(AREA) = 9;
    is("map: unknown is FAILURE", anos_map_memory(12345, AREA, 0, PAGE, RW), ANOS_FAILURE);
    is("map: a channel is no memory", anos_map_memory(channel, AREA, 0, PAGE, RW), ANOS_FAILURE);
    is("map: an unaligned base is BADARGS", anos_map_memory(memory, AREA + 8, 0, PAGE, RW),
       ANOS_BADARGS);
    is("map: an unaligned offset is BADARGS", anos_map_memory(memory, AREA, 8, PAGE, RW),
       ANOS_BADARGS);
    is("map: an unaligned size is BADARGS", anos_map_memory(memory, AREA, 0, 8, RW), ANOS_BADARGS);
    is("map: size 0 is BADARGS", anos_map_memory(memory, AREA, 0, 0, RW), ANOS_BADARGS);
    is("map: a kernel base is BADARGS", anos_map_memory(memory, ANOS_KERNEL_BEGIN, 0, PAGE, RW),
       ANOS_BADARGS);
    is("map: an end outside is BADARGS",
       anos_map_memory(memory, ANOS_USER_END - PAGE, 0, 2 * PAGE, RW), ANOS_BADARGS);
    is("map: no such part is FAILURE", anos_map_memory(memory, AREA, PAGE, PAGES * PAGE, RW),
       ANOS_FAILURE);
    is("map: an offset that wraps is FAILURE", anos_map_memory(memory, AREA, -PAGE, 2 * PAGE, RW),
       ANOS_FAILURE);
    CHECK("map: a refusal changes nothing", *at(AREA) == 9);

    is("map", anos_map_memory(memory, AREA, 0, PAGES * PAGE, RW), ANOS_OK);
    CHECK("map: what was there is replaced by zeros", *at(AREA) == 0);
    is("map: twice, a part", anos_map_memory(memory, OTHER, PAGE, 2 * PAGE, RW), ANOS_OK);
    *at(AREA + PAGE) = 5;
    *at(OTHER + PAGE) = 6;
    CHECK("map: it is the same memory", *at(OTHER) == 5 && *at(AREA + 2 * PAGE) == 6);
    is("map: read-only", anos_map_memory(memory, OTHER, PAGE, PAGE, R), ANOS_OK);
    CHECK("map: read-only is read-only", *at(OTHER) == 5 && !writable(OTHER));
    is("protect: the right is held", anos_protect(PAGE, OTHER, RW), ANOS_OK);
    *at(OTHER) = 7;
    CHECK("protect: it is still the same memory", *at(AREA + PAGE) == 7);
    is("map: the last user page", anos_map_memory(memory, ANOS_USER_END - PAGE, 0, PAGE, RW),
       ANOS_OK);
    anos_unmap_virtual(PAGE, OTHER);
    CHECK("unmap: others stay", *at(AREA + PAGE) == 7);
    anos_drop(memory);
    CHECK("drop: what was mapped by it is gone, under derived", writable(AREA) == is_bearer());
    anos_unmap_virtual(PAGES * PAGE, AREA);
    anos_unmap_virtual(2 * PAGE, OTHER);
    anos_unmap_virtual(PAGE, ANOS_USER_END - PAGE);
}

/* ---- between processes ---- */

/* Maps it, adds to it, and waits; then tells what it sees now. */
static void neighbour(const uint64_t *arguments)
{
    anos_map_memory(arguments[0], OTHER, 0, PAGE, RW);
    const uint64_t seen = (*at(OTHER))++;
    anos_send_message(arguments[1], seen, 0, NULL);
    anos_send_message(arguments[1], *at(OTHER), 0, NULL);
    anos_send_message(arguments[1], writable(OTHER), 0, NULL);
    *at(OTHER) = 100;
}

static uint64_t end_of(uint64_t child)
{
    anos_watch_process(child, ends, 1);
    anos_wait(ends, 1, 1000 * MS);
    const uint64_t status = anos_process_status(child).value;
    anos_drop(child);
    return status >> 32;
}

static void check_neighbours(void)
{
    const uint64_t memory = create(1);
    anos_map_memory(memory, AREA, 0, PAGE, RW);
    *at(AREA) = 40;
    const uint64_t child = build_child("neighbour", neighbour, memory, channel);
    CHECK("another process sees what we wrote", told() == 40);
    CHECK("and we what it wrote", *at(AREA) == 41);
    *at(AREA) = 50;
    CHECK("and so on", told() == 50);
    anos_drop(memory);
    CHECK("our own is gone, under derived", writable(AREA) == is_bearer());
    CHECK("the neighbour's is not: it holds it itself", told() == 1);
    CHECK("it ends well", end_of(child) == ANOS_END_EXITED);
    anos_unmap_virtual(PAGE, AREA);
}

/* A child of ours that inherits our pages. */
static void heir(const uint64_t *arguments)
{
    anos_send_message(arguments[0], writable(AREA), 0, NULL);
}

static void check_inheritance(void)
{
    const uint64_t memory = create(1);
    anos_map_memory(memory, AREA, 0, PAGE, RW);
    *at(AREA) = 1;
    const uint64_t arguments[CHILD_ARGUMENTS] = {channel};
    struct anos_process_params params = child_params("heir", heir, arguments, NULL);
    struct anos_region regions[3] = {child_regions[0], child_regions[1], {AREA, PAGE}};
    params.regions = (uint64_t)regions;
    params.region_count = 3;
    anos_create_process(&params);
    CHECK("create_process does not hand it on, under derived", told() == is_bearer());
    *at(AREA) = 2;
    const uint64_t built = anos_build_process(ANOS_CLASS_NORMAL).value;
    is("map_into leaves it out", anos_map_into(built, AREA, AREA, PAGE, RW), ANOS_OK);
    anos_map_memory(memory, OTHER, 0, PAGE, RW);
    *at(AREA) = 3;
    CHECK("and ours is still shared", *at(OTHER) == 3);
    anos_kill_process(built);
    anos_drop(built);
    anos_drop(memory);
    anos_unmap_virtual(PAGE, AREA);
    anos_unmap_virtual(PAGE, OTHER);
}

/* ---- taking it away ---- */

static void use_it(const uint64_t *arguments)
{
    anos_map_memory(arguments[0], OTHER, 0, PAGE, RW);
    anos_send_message(arguments[1], 1, 0, NULL);
    *at(OTHER) = 60;
    anos_send_message(arguments[1], 2, 0, NULL);
}

/* Serves one message; its page may be taken from the sender meanwhile. */
static void serve_page(const uint64_t *arguments)
{
    const uint64_t message = anos_recv_message(arguments[0], NULL, NULL, (void *)AREA).value;
    anos_send_message(arguments[1], 1, 0, NULL);
    *at(AREA) += 1;
    anos_reply_message(message, *at(AREA));
    anos_send_message(arguments[1], writable(AREA), 0, NULL);
}

static void check_rights(void)
{
    const uint64_t memory = create(2);
    const uint64_t reader = anos_mint(memory, ANOS_RIGHT_READ | ANOS_RIGHT_GRANT, 0).value;
    const uint64_t writer = anos_mint(memory, ANOS_RIGHT_WRITE, 0).value;
    is("map: without WRITE is INCAPABLE", anos_map_memory(reader, AREA, 0, PAGE, RW),
       ANOS_INCAPABLE);
    is("map: without READ is INCAPABLE", anos_map_memory(writer, AREA, 0, PAGE, RW),
       ANOS_INCAPABLE);
    is("map: without EXEC is INCAPABLE",
       anos_map_memory(reader, AREA, 0, PAGE, R | ANOS_MAP_EXEC), ANOS_INCAPABLE);
    is("map: READ is enough", anos_map_memory(reader, AREA, 0, PAGE, R), ANOS_OK);
    const uint64_t lent = anos_mint(memory, 0, 0).value;
    is("map: by another one", anos_map_memory(lent, AREA + PAGE, PAGE, PAGE, RW), ANOS_OK);
    const uint64_t child = build_child("user", use_it, lent, channel);
    told();
    anos_drop(lent);
    CHECK("drop: another capability still allows it", writable(AREA + PAGE));
    CHECK("the child's is its own", told() == 2 && end_of(child) == ANOS_END_EXITED);

    const uint64_t loser = build_child("loser", use_it, memory, channel);
    uint64_t tag = 0;
    const uint64_t message = anos_recv_message(channel, &tag, NULL, NULL).value;
    anos_revoke(memory, 0);
    CHECK("revoke: ours stays", writable(AREA + PAGE) && *at(AREA) == 60);
    anos_reply_message(message, 1);
    CHECK("revoke: who uses it afterwards faults", end_of(loser) == ANOS_END_FAULTED);
    anos_drop(memory);
    CHECK("drop: both are unmapped", !writable(AREA) && !writable(AREA + PAGE));
}

/* A page of a memory object goes with a message, and stays until the reply. */
static uint64_t line;
static volatile uint64_t replied;

static void send_shared(void)
{
    replied = anos_send_message(line, 1, 8, (void *)OTHER).value;
    anos_kill_current_task();
}

static void check_messages(void)
{
    const uint64_t memory = create(1);
    line = anos_create_channel().value;
    anos_map_memory(memory, OTHER, 0, PAGE, RW);
    *at(OTHER) = 70;
    const uint64_t server = build_child("server", serve_page, line, channel);
    start_thread(send_shared, ANOS_CLASS_NORMAL);
    uint64_t tag = 0;
    const uint64_t message = anos_recv_message(channel, &tag, NULL, NULL).value;
    anos_drop(memory);
    CHECK("message: the sender has lost it, under derived", writable(OTHER) == is_bearer());
    anos_reply_message(message, 1);
    CHECK("message: the receiver keeps it until its reply", told() == is_bearer());
    CHECK("message: with what is in it", wait_for(&replied) && replied == 71);
    end_of(server);
    anos_unmap_virtual(PAGE, OTHER);
}

/* The maker ends; others go on. */
static void make_and_end(const uint64_t *arguments)
{
    const uint64_t memory = create(1);
    anos_map_memory(memory, AREA, 0, PAGE, RW);
    *at(AREA) = 80;
    anos_send_message(arguments[0], memory, 0, NULL);
}

static void check_maker(void)
{
    const uint64_t maker = build_child("maker", make_and_end, channel, 0);
    uint64_t tag = 0;
    const uint64_t message = anos_recv_message(channel, &tag, NULL, NULL).value;
    const uint64_t taken = anos_take(message, tag, 0).value;
    anos_map_memory(taken, AREA, 0, PAGE, RW);
    anos_reply_message(message, 1);
    end_of(maker);
    CHECK("the maker ends: who has it mapped keeps it", *at(AREA) == 80);
    is("the maker ends: its capabilities live on, under derived",
       anos_map_memory(taken, OTHER, 0, PAGE, RW), is_bearer() ? ANOS_FAILURE : ANOS_OK);
    anos_drop(taken);
    anos_unmap_virtual(PAGE, AREA);
    anos_unmap_virtual(PAGE, OTHER);
}

/* All of it once more, now that our own pages are there: nothing may stay. */
static void check_leaks(void)
{
    check_maker();
    const uint64_t before = free_memory();
    check_maker();
    CHECK("nothing is left of an object that has ended", free_memory() == before);
}

int main(void)
{
    channel = anos_create_channel().value;
    ends = anos_create_notification().value;
    check_create();
    check_map();
    check_neighbours();
    check_inheritance();
    check_messages();
    if (!is_bearer()) {
        check_rights();
    }
    check_leaks();
    return finish();
}
