/*
 * For programs that check the kernel: one line a check, "ok NAME" or
 * "FAIL NAME: detail", and "done N" at the end. A name begins with the place in
 * the ABI's description that says so: "1.8/8" is call 8 in section 1.8.
 */
#ifndef CHECK_H
#define CHECK_H

#include <anos/abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"

#define UNUSED __attribute__((unused)) static
#define PAGE UINT64_C(0x1000)
#define MIB (UINT64_C(1) << 20)
#define KERNEL_ADDRESS ((void *)ANOS_KERNEL_BEGIN)
#define NOWHERE ((void *)0x7000000000) /* never mapped by anybody */
#define MS UINT64_C(1000000)           /* in nanoseconds, as now() */

typedef struct anos_result result;

static int check_count;

UNUSED void check(bool good, const char *name, const char *detail)
{
    check_count++;
    if (good) {
        printf("ok %s\n", name);
    } else {
        printf("FAIL %s: %s\n", name, detail);
    }
}

#define CHECK(name, condition) check(condition, name, #condition)

/* A result has this type; a value only goes with OK. */
UNUSED void is(const char *name, result got, int64_t type)
{
    char detail[80];
    snprintf(detail, sizeof detail, "type %lld value %#llx", (long long)got.type,
             (unsigned long long)got.value);
    check(got.type == type && (type == ANOS_OK || got.value == 0), name, detail);
}

/* OK with this value. */
UNUSED void gives(const char *name, result got, uint64_t value)
{
    char detail[80];
    snprintf(detail, sizeof detail, "type %lld value %#llx", (long long)got.type,
             (unsigned long long)got.value);
    check(got.type == ANOS_OK && got.value == value, name, detail);
}

UNUSED int finish(void)
{
    printf("done %d\n", check_count);
    return 0;
}

/* ---- raw calls ---- */

UNUSED result raw_call(bool slow, uint64_t cookie, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return machine_call(slow, cookie, a, b, c, d, 0);
}

UNUSED result slow_call(int id, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return raw_call(true, __syscall_capabilities[id], a, b, c, d);
}

UNUSED uint64_t free_memory(void)
{
    struct anos_mem_info info = {0};
    anos_get_mem_info(&info);
    return info.free_bytes;
}

/* ---- threads ---- */

enum { THREADS_MAX = 24, THREAD_STACK = 16384 };

/* A thread of this process in `body`, which must end by anos_kill_current_task. */
UNUSED result start_thread(void (*body)(void), uint8_t thread_class)
{
    static uint8_t stacks[THREADS_MAX][THREAD_STACK] __attribute__((aligned(16)));
    static int used;
    uint64_t *top = (uint64_t *)stacks[used++ % THREADS_MAX] + THREAD_STACK / 8 - ENTRY_WORDS;
    *top = 0; /* as after a call: no return address */
    return anos_create_thread((void *)body, top, thread_class);
}

/* Wait until another thread has set a flag; false after 3 s. */
UNUSED bool wait_for(volatile uint64_t *flag)
{
    for (int i = 0; i < 300 && !*flag; i++) {
        anos_task_sleep_current(0);
    }
    return *flag != 0;
}

/* ---- processes ---- */

extern char _bss_start[], _bss_end[], _data_end[];

enum { CHILD_VALUES = 512, CHILD_ARGUMENTS = 4 };
static const uint64_t child_stack_top = 0x30000000;

struct child_stack {
    uint64_t capability_count, capabilities, argc, argv;
    uint64_t argument_pointer, body, arguments[CHILD_ARGUMENTS];
    char name[32];
    uint64_t pairs[];
};

__attribute__((used)) static void child_main(const struct child_stack *stack)
{
    const uint64_t *pairs = (const uint64_t *)stack->capabilities;
    memset(__syscall_capabilities, 0, sizeof __syscall_capabilities);
    for (uint64_t i = 0; i < stack->capability_count; i++) {
        __syscall_capabilities[pairs[2 * i]] = pairs[2 * i + 1];
    }
    ((void (*)(const uint64_t *))stack->body)(stack->arguments);
    anos_kill_current_task();
}

STACK_ENTRY(child_entry, child_main)

static uint64_t child_values[CHILD_VALUES];
static struct anos_region child_regions[2];

/*
 * What create_process needs for a child that runs `body` with these arguments,
 * a copy of our memory, and all our cookies but those of the calls in `without`.
 */
UNUSED struct anos_process_params child_params(const char *name,
                                               void (*body)(const uint64_t *arguments),
                                               const uint64_t *arguments, const int *without)
{
    struct child_stack *stack = (struct child_stack *)child_values;
    memset(child_values, 0, sizeof child_values);
    uint64_t count = 0;
    for (uint64_t id = 1; id < ANOS_CAPABILITY_SLOTS; id++) {
        bool wanted = __syscall_capabilities[id] != 0;
        for (const int *each = without; each != NULL && *each; each++) {
            wanted = wanted && *each != (int)id;
        }
        if (wanted) {
            stack->pairs[2 * count] = id;
            stack->pairs[2 * count++ + 1] = __syscall_capabilities[id];
        }
    }
    const uint64_t bytes = (sizeof *stack + 16 * count + 15) & ~UINT64_C(15);
    const uint64_t base = child_stack_top - bytes;
    stack->capability_count = count;
    stack->capabilities = base + offsetof(struct child_stack, pairs);
    stack->argc = 1;
    stack->argv = base + offsetof(struct child_stack, argument_pointer);
    stack->argument_pointer = base + offsetof(struct child_stack, name);
    stack->body = (uint64_t)body;
    if (arguments != NULL) {
        memcpy(stack->arguments, arguments, sizeof stack->arguments);
    }
    strncpy(stack->name, name, sizeof stack->name - 1);
    const uint64_t data_end = ((uint64_t)_data_end + PAGE - 1) & -PAGE;
    child_regions[0] = (struct anos_region){ANOS_PROGRAM_BASE, MIB};
    child_regions[1] = (struct anos_region){(uint64_t)_bss_start, data_end - (uint64_t)_bss_start};
    return (struct anos_process_params){
        .entry = (uint64_t)child_entry,
        .stack_base = child_stack_top - 4 * PAGE,
        .stack_bytes = 4 * PAGE,
        .region_count = 2,
        .thread_class = ANOS_CLASS_NORMAL,
        .regions = (uint64_t)child_regions,
        .stack_value_count = (uint16_t)(bytes / 8),
        .stack_values = (uint64_t)child_values,
    };
}

UNUSED result start_child(const char *name, void (*body)(const uint64_t *arguments), uint64_t a,
                          uint64_t b)
{
    const uint64_t arguments[CHILD_ARGUMENTS] = {a, b};
    struct anos_process_params params = child_params(name, body, arguments, NULL);
    return anos_create_process(&params);
}

#endif
