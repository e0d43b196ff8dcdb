/* The process manager (anos-abi 8.5) and how a process is made (3.3, 3.4). */
#include "libc.h"
#include "system.h"

enum { SPAWN = 1, STACK_TOP = 0x44000000, ARGC_MAX = 64, CAPC_MAX = 32 };
static uint8_t *const window = (uint8_t *)0xc0000000;

extern char _code_start[], _code_end[], _data_start[], _data_end[], _bss_start[], _bss_end[];

static struct region region_of(const char *start, const char *end)
{
    const uint64_t length = ((uint64_t)(end - start) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    return (struct region){(uintptr_t)start, length};
}

int64_t create_server(uint64_t stack_size, uint8_t task_class, unsigned capc,
                      const struct capability *pairs, unsigned argc, const char *const *argv)
{
    /* Two scratch pages at an address that differs between threads (3.1). */
    const uint64_t scratch = 0x03000000 + ((uintptr_t)&argc & 0xfff000);
    if (anos_map_virtual(2 * PAGE, scratch, READ | WRITE).type != OK) {
        return 0;
    }
    uint64_t *words = (uint64_t *)scratch;
    const unsigned count = build_stack(words, capc, pairs, argc, argv);
    int64_t pid = 0;
    if (count > 0) {
        struct region regions[] = {
            region_of(_code_start, _code_end),
            region_of(_data_start, _data_end),
            region_of(_bss_start, _bss_end),
        };
        struct process_params params = {
            .entry = (uintptr_t)child_trampoline,
            .stack_base = STACK_TOP - stack_size,
            .stack_size = stack_size,
            .region_count = 3,
            .task_class = task_class,
            .regions = regions,
            .value_count = (uint16_t)count,
            .values = words,
        };
        const struct result made = anos_create_process(&params);
        pid = made.type == OK ? (int64_t)made.value : made.type;
    }
    anos_unmap_virtual(2 * PAGE, scratch);
    return pid;
}

/* The class is always NORMAL, the capabilities are passed on unchecked. */
static int64_t spawn_from(const uint8_t *page, uint64_t size)
{
    uint64_t stack_size;
    uint16_t argc, capc;
    if (size < 16) {
        return -1;
    }
    memcpy(&stack_size, page, 8);
    memcpy(&argc, page + 8, 2);
    memcpy(&capc, page + 10, 2);
    if (argc > ARGC_MAX || capc > CAPC_MAX) {
        return -10;
    }
    const uint8_t *at = page + 12, *end = page + size;
    struct capability pairs[CAPC_MAX];
    const char *argv[ARGC_MAX];
    if ((uint64_t)(end - at) < capc * sizeof *pairs) {
        return -2;
    }
    memcpy(pairs, at, capc * sizeof *pairs);
    at += capc * sizeof *pairs;
    for (unsigned i = 0; i < argc; i++) {
        const size_t left = (size_t)(end - at), length = strnlen((const char *)at, left);
        if (length == left) {
            return i == 0 ? -3 : -4;
        }
        argv[i] = (const char *)at;
        at += length + 1;
    }
    return create_server(stack_size, CLASS_NORMAL, capc, pairs, argc, argv);
}

void process_thread(void)
{
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(process_channel, &tag, &size, window);
        if (message.type == OK) {
            const int64_t answer = tag == SPAWN ? spawn_from(window, size) : -999;
            anos_reply_message(message.value, (uint64_t)answer);
        }
    }
}
