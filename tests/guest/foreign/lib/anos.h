/*
 * The ABI as these programs know it, from the fact sheet alone (anos-abi 1 and
 * 3.3). Nothing here is shared with toolchain/libanos: a mistake in one of the
 * two readings shows as a program that does not work.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAGE = 0x1000 };

/* Results (1.4) */
#define OK 0
#define FAILURE (-1)

struct result {
    int64_t type;
    uint64_t value;
};

/* Flags of map_virtual and map_physical (5.1), and of regions */
enum { READ = 1, WRITE = 2, EXEC = 4, NOCACHE = 8 };
enum { AUTOMAP = 1 };

/* Task classes (3.3) */
enum { CLASS_IDLE, CLASS_NORMAL, CLASS_HIGH, CLASS_REALTIME };

/* The parameter block of create_process (3.3): 64 bytes */
struct region {
    uint64_t start, length;
};

struct process_params {
    uint64_t entry, stack_base, stack_size;
    uint8_t region_count, task_class, reserved0[6];
    struct region *regions;
    uint16_t value_count, reserved1[3];
    uint64_t *values;
    uint64_t reserved2;
};
_Static_assert(sizeof(struct process_params) == 64, "anos-abi 3.3");

struct framebuffer {
    uint64_t physical;
    uint32_t width, height, pitch, bpp, reserved[3], pad;
};
_Static_assert(sizeof(struct framebuffer) == 40, "anos-abi 7.4");

struct memory_info {
    uint64_t total, free;
};

struct capability {
    uint64_t id, cookie;
};

extern uint64_t __syscall_capabilities[128];
extern uint64_t __initial_stack[5]; /* sp and the four words that crt0 popped */

/* The calls (1.7) */
struct result anos_kprint(const char *text);
struct result anos_kputchar(char character);
struct result anos_create_thread(void (*entry)(void), uintptr_t stack, uint8_t task_class);
struct result anos_get_mem_info(struct memory_info *info);
struct result anos_task_sleep_current(uint64_t nanoseconds);
struct result anos_create_process(struct process_params *params);
struct result anos_map_virtual(uint64_t size, uint64_t base, uint64_t flags);
struct result anos_send_message(uint64_t channel, uint64_t tag, uint64_t size, void *buffer);
struct result anos_recv_message(uint64_t channel, uint64_t *tag, uint64_t *size, void *buffer);
struct result anos_reply_message(uint64_t message, uint64_t reply);
struct result anos_create_channel(void);
struct result anos_destroy_channel(uint64_t channel);
struct result anos_register_channel_name(uint64_t channel, const char *name);
struct result anos_remove_channel_name(const char *name);
struct result anos_find_named_channel(const char *name);
struct result anos_kill_current_task(void);
struct result anos_unmap_virtual(uint64_t size, uint64_t base);
struct result anos_create_region(uint64_t start, uint64_t end, uint64_t flags);
struct result anos_destroy_region(uint64_t start);
struct result anos_map_firmware_tables(void *rsdp);
struct result anos_map_physical(uint64_t physical, uint64_t base, uint64_t size, uint64_t flags);
struct result anos_alloc_physical_pages(uint64_t size);
struct result anos_alloc_interrupt_vector(uint32_t bdf, uint64_t *address, uint32_t *data);
struct result anos_wait_interrupt(uint8_t vector, uint32_t *event);
struct result anos_read_kernel_log(char *buffer, uint64_t size, uint64_t flags);
struct result anos_get_framebuffer_phys(struct framebuffer *info);

/* The slow way in (1.2), if there is one: what is to be said of it, as ", it works" */
const char *get_mem_info_slowly(struct memory_info *info);

static inline void sleep_seconds(uint64_t seconds)
{
    anos_task_sleep_current(seconds * 1000000000);
}
