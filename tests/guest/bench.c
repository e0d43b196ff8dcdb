/*
 * What the kernel's primitives cost. Runs as a system image of its own and
 * brackets each subject with "begin NAME COUNT" and "end NAME" in the log; the
 * host times what lies between (toolchain/bench.py).
 */
#include <anos/abi.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CALLS = 100000, ROUND_TRIPS = 30000, PAGES = 20000, THREADS = 3000, LOOPS = 20000000 };

static const uint64_t window = 0x500000000, scratch = 0x600000000;
static uint64_t channel;
static uint8_t page[ANOS_PAGE_BYTES] __attribute__((aligned(ANOS_PAGE_BYTES)));
static uint8_t thread_stack[16384] __attribute__((aligned(16)));

static void begin(const char *name, int count)
{
    printf("begin %s %d\n", name, count);
}

static void end(const char *name)
{
    printf("end %s\n", name);
}

/* The other process: answers everything. Its cookies are on its stack, as at any start. */
__attribute__((used)) static void answer(const uint64_t *stack)
{
    const uint64_t count = stack[0], *pairs = (const uint64_t *)stack[1];
    for (uint64_t i = 0; i < count; i++) {
        __syscall_capabilities[pairs[2 * i]] = pairs[2 * i + 1];
    }
    const uint64_t served = anos_find_named_channel("bench").value;
    (void)served;
    for (;;) {
        uint64_t tag, size;
        const struct anos_result received =
            anos_recv_message(stack[4], &tag, &size, (void *)window);
        if (received.type != ANOS_OK) {
            anos_kill_current_task();
        }
        anos_reply_message(received.value, tag + 1);
    }
}

__attribute__((naked)) static void answer_entry(void)
{
    __asm__("mov %rsp, %rdi\n xor %ebp, %ebp\n call answer\n ud2");
}

extern char _code_start[], _code_end[], _bss_start[], _bss_end[], _data_start[], _data_end[];

static void start_answerer(void)
{
    static uint64_t values[64];
    const int ids[] = { 1, 9, 10, 15, 16 };
    int at = 6;
    values[0] = sizeof ids / sizeof *ids;
    values[4] = channel;
    for (unsigned i = 0; i < values[0]; i++) {
        values[at++] = ids[i];
        values[at++] = __syscall_capabilities[ids[i]];
    }
    const uint64_t top = 0x44000000;
    values[1] = top - 8 * at + 48;
#define PAGES_OF(from, to)                                                                         \
    {                                                                                              \
        (uint64_t)(from), (((uint64_t)(to) + 4095) & ~4095ull) - (uint64_t)(from)                  \
    }
    static struct anos_region regions[3];
    regions[0] = (struct anos_region)PAGES_OF(0x02000000, 0x02100000);
    regions[1] = (struct anos_region)PAGES_OF(_bss_start, _bss_end);
    regions[2] = (struct anos_region)PAGES_OF(_bss_end, _bss_end + 0x10000);
    struct anos_process_params params = {
        .entry = (uint64_t)answer_entry,
        .stack_base = top - 0x10000,
        .stack_bytes = 0x10000,
        .region_count = 3,
        .thread_class = ANOS_CLASS_NORMAL,
        .regions = (uint64_t)regions,
        .stack_value_count = at,
        .stack_values = (uint64_t)values,
    };
    const struct anos_result made = anos_create_process(&params);
    printf("answerer is process %lld (%lld)\n", (long long)made.value, (long long)made.type);
}

static void thread_body(void)
{
    anos_send_message(channel, 1, 0, 0);
    anos_kill_current_task();
}

static void loop_short(uint64_t count)
{
    __asm__ volatile("1: dec %0\n jnz 1b" : "+r"(count));
}

static void loop_long(uint64_t count)
{
    __asm__ volatile("1: add $1, %%rax\n xor %%rax, %%rdx\n add $3, %%rcx\n xor %%rcx, %%rsi\n"
                     "add %%rdx, %%rax\n add %%rsi, %%rcx\n rol $3, %%rax\n add $5, %%rdx\n"
                     "xor %%rdx, %%rsi\n add %%rax, %%rdx\n add $7, %%rsi\n dec %0\n jnz 1b"
                     : "+r"(count)
                     :
                     : "rax", "rdx", "rcx", "rsi");
}

int main(void)
{
    struct anos_mem_info info;
    begin("null-syscall", CALLS);
    for (int i = 0; i < CALLS; i++) {
        anos_get_mem_info(&info);
    }
    end("null-syscall");

    channel = anos_create_channel().value;
    start_answerer();
    memset(page, 1, sizeof page);
    anos_send_message(channel, 1, 0, 0);
    begin("ipc-tag-only", ROUND_TRIPS);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        anos_send_message(channel, 1, 0, 0);
    }
    end("ipc-tag-only");
    begin("ipc-page", ROUND_TRIPS);
    for (int i = 0; i < ROUND_TRIPS; i++) {
        anos_send_message(channel, 1, sizeof page, page);
    }
    end("ipc-page");

    begin("map-touch-unmap", PAGES);
    for (int i = 0; i < PAGES; i++) {
        anos_map_virtual(ANOS_PAGE_BYTES, scratch, ANOS_MAP_READ | ANOS_MAP_WRITE);
        *(volatile uint8_t *)scratch = 1;
        anos_unmap_virtual(ANOS_PAGE_BYTES, scratch);
    }
    end("map-touch-unmap");

    begin("thread", THREADS);
    for (int i = 0; i < THREADS; i++) {
        uint64_t *top = (uint64_t *)(thread_stack + sizeof thread_stack) - 1;
        uint64_t tag, size;
        static uint64_t own;
        if (!own) {
            own = anos_create_channel().value;
        }
        const uint64_t to = channel;
        channel = own;
        anos_create_thread((void *)thread_body, top, ANOS_CLASS_NORMAL);
        const struct anos_result got = anos_recv_message(own, &tag, &size, 0);
        anos_reply_message(got.value, 1);
        channel = to;
    }
    end("thread");

    begin("compute-short", LOOPS);
    loop_short(LOOPS);
    end("compute-short");
    begin("compute-long", LOOPS / 5);
    loop_long(LOOPS / 5);
    end("compute-long");
    printf("bench done\n");
    return 0;
}
