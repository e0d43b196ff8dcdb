/*
 * SYSTEM, a second one: its main thread brings everything up and ends
 * (anos-abi 8.1); the service threads are what stays.
 */
#include "floats.h"
#include "libc.h"
#include "machine.h"
#include "system.h"

uint64_t vfs_channel, ramfs_channel, process_channel;

static const char version[] = "f0re1gn";
static volatile uint32_t generation = 10; /* in .data, so that SYSTEM has some */

static uint8_t vfs_stack[THREAD_STACK_BYTES] __attribute__((aligned(PAGE)));
static uint8_t ramfs_stack[THREAD_STACK_BYTES] __attribute__((aligned(PAGE)));
static uint8_t process_stack[THREAD_STACK_BYTES] __attribute__((aligned(PAGE)));
static uint8_t starter_stack[THREAD_STACK_BYTES] __attribute__((aligned(PAGE)));
static uint8_t float_stacks[2][0x2000] __attribute__((aligned(PAGE)));

__attribute__((constructor)) static void construct(void)
{
    generation++;
}

__attribute__((destructor)) static void destruct(void)
{
    anos_kprint("system: main ends, its threads go on\n");
}

static void start_on(void (*entry)(void), uint8_t *stack_end, uint8_t task_class)
{
    const uintptr_t stack = (uintptr_t)stack_end - ENTRY_BYTES;
    const struct result made = anos_create_thread(entry, stack, task_class);
    if (made.type != OK) {
        printf("system: a thread could not be made: %ld\n", made.type);
    }
}

void start_thread(void (*entry)(void), void *stack, uint8_t task_class)
{
    start_on(entry, (uint8_t *)stack + THREAD_STACK_BYTES, task_class);
}

static void show_memory(void)
{
    struct memory_info info;
    const char *const slow_call = get_mem_info_slowly(&info);
    printf("system: memory %lu/%lu used/free%s\n", info.total - info.free, info.free, slow_call);
}

static void show_floats(int number, uint64_t busy)
{
    const bool kept = floats_hold((uint64_t)number, 0, busy), right = floats_compute(7, 100000);
    char line[64]; /* printf's buffer is main's */
    snprintf(line, sizeof line, "system: floats %d %s %s\n", number, kept ? "kept" : "LOST",
             right ? "right" : "WRONG");
    anos_kprint(line);
    anos_kill_current_task();
}

/* Two threads of one process and of one class: slices of 100 ms, so they take turns. */
void float_thread_1(void)
{
    show_floats(1, 250000);
}

void float_thread_2(void)
{
    show_floats(2, 150000);
}

int main(void)
{
    printf("\n\nsystem #%s [libanos #%s] generation %u\n", version, version, generation);
    show_memory();
    vfs_channel = anos_create_channel().value;
    ramfs_channel = anos_create_channel().value;
    process_channel = anos_create_channel().value;
    if (anos_register_channel_name(vfs_channel, "SYSTEM::VFS").type != OK ||
        anos_register_channel_name(process_channel, "SYSTEM::PROCESS").type != OK) {
        printf("system: names are taken\n");
        return 1;
    }
    start_thread(ramfs_thread, ramfs_stack, CLASS_REALTIME);
    vfs_register("boot:", ramfs_channel);
    start_thread(process_thread, process_stack, CLASS_REALTIME);
    start_thread(vfs_thread, vfs_stack, CLASS_REALTIME);
    start_on(float_thread_1, (uint8_t *)(float_stacks + 1), CLASS_NORMAL);
    start_on(float_thread_2, (uint8_t *)(float_stacks + 2), CLASS_NORMAL);
    start_boot_servers();
    start_thread(starter_thread, starter_stack, CLASS_NORMAL);
    printf("system: initialisation complete\n");
    return 0;
}
