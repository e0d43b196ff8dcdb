/*
 * Which program drives which class of device.
 *
 * A driver is started as `PATH REGISTERS CONFIG ID`: the physical addresses of
 * its registers and of its configuration page in hex, and the number under
 * which DEVMAN knows the function, in decimal (anos-abi 9.4).
 */
#include "drivers.h"

#include "pci.h"
#include "spawn.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>

#define STACK_BYTES 0x100000
#define CALLS_MAX 24
#define OBJECTS_MAX 3
#define FOUR_GIB (UINT64_C(1) << 32)

struct driver {
    uint8_t class_code;
    uint8_t subclass;
    uint8_t interface;
    uint8_t bar; /* which one has its registers */
    uint8_t vector_count; /* interrupts that it needs */
    const char *device;
    const char *path;
    uint8_t calls[CALLS_MAX]; /* the capabilities that it gets; the rest are 0 */
};

static const struct driver drivers[] = {
    {
        .class_code = 0x01,
        .subclass = 0x06,
        .interface = 0x01,
        .bar = 5,
        .device = "AHCI controller",
        .path = "boot:/ahcidrv.elf",
        .calls = {
            ANOS_SYS_DEBUG_PRINT,
            ANOS_SYS_SLEEP, /* when a port is slow to stop, or without interrupts */
            ANOS_SYS_MAP_PHYSICAL,
            ANOS_SYS_MAP_VIRTUAL,
            ANOS_SYS_ALLOC_PHYSICAL_PAGES,
            ANOS_SYS_KILL_CURRENT_TASK, /* to end where there is no EXIT_PROCESS */
            ANOS_SYS_ALLOC_INTERRUPT_VECTOR,
            ANOS_SYS_WAIT_INTERRUPT,
            ANOS_SYS_FIND_NAMED_CHANNEL,
            ANOS_SYS_SEND_MESSAGE,
            ANOS_SYS_RECV_MESSAGE,
            ANOS_SYS_REPLY_MESSAGE,
            ANOS_SYS_CREATE_CHANNEL,
            ANOS_SYS_CREATE_THREAD, /* with the next one: threads for more than one disk */
            ANOS_SYS_CREATE_REGION,
            ANOS_SYS_TAKE, /* these four: memory that clients share with it */
            ANOS_SYS_MAP_MEMORY,
            ANOS_SYS_UNMAP_VIRTUAL,
            ANOS_SYS_DROP,
            ANOS_SYS_EXIT_PROCESS,
        },
        .vector_count = 1,
    },
};

static const struct driver *find(const struct function *function)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        const struct driver *const driver = &drivers[i];
        if (driver->class_code == function->class_code &&
            driver->subclass == function->subclass &&
            driver->interface == function->interface) {
            return driver;
        }
    }
    return NULL;
}

static size_t call_count(const struct driver *driver)
{
    size_t count = 0;
    while (count < CALLS_MAX && driver->calls[count] != 0) {
        count++;
    }
    return count;
}

/* The first of so many vectors of ours that no other driver has got; 0 if there are none. */
static uint64_t next_vectors(unsigned count)
{
    static uint64_t next;
    if (next == 0) {
        next = anos_inspect(__syscall_capabilities[ANOS_CAP_INTERRUPT_VECTORS]).value & UINT32_MAX;
    }
    if (next <= ANOS_SLOW_VECTOR && ANOS_SLOW_VECTOR < next + count) {
        next = ANOS_SLOW_VECTOR + 1;
    }
    const uint64_t first = next;
    next += count;
    return first;
}

/* A driver's devices: its registers, its function's configuration page, its vectors. */
static struct capability_pair *give_devices(struct capability_pair *pairs,
                                            const struct driver *driver,
                                            const struct function *function, uint64_t registers)
{
    const uint64_t bytes = function_bar_bytes(function, driver->bar);
    const uint64_t begin = registers & -(uint64_t)ANOS_PAGE_BYTES;
    const uint64_t end = (registers + bytes + ANOS_PAGE_BYTES - 1) & -(uint64_t)ANOS_PAGE_BYTES;
    const uint64_t memory = __syscall_capabilities[registers < FOUR_GIB
                                                       ? ANOS_CAP_DEVICE_MEMORY
                                                       : ANOS_CAP_DEVICE_MEMORY_HIGH];
    *pairs++ = spawn_part(ANOS_CAP_DEVICE_MEMORY, memory, begin, end - begin);
    *pairs++ = spawn_part(ANOS_CAP_CONFIG_SPACE, __syscall_capabilities[ANOS_CAP_CONFIG_SPACE],
                          function->config_physical, PCI_CONFIG_BYTES);
    *pairs++ = spawn_part(ANOS_CAP_INTERRUPT_VECTORS,
                          __syscall_capabilities[ANOS_CAP_INTERRUPT_VECTORS],
                          next_vectors(driver->vector_count), driver->vector_count);
    return pairs;
}

void drivers_start(const struct function *function)
{
    const struct driver *const driver = find(function);
    if (driver == NULL) {
        return;
    }
    const uint64_t registers = function_bar(function, driver->bar);
    if (registers == 0) {
        printf("pcidrv: the %s at %02x:%02x.%x has no address\n", driver->device, function->bus,
               function->device, function->number);
        return;
    }
    printf("pcidrv: %s at 0x%016" PRIx64 ": starting %s\n", driver->device, registers,
           driver->path);
    char registers_text[24], config_text[24], id_text[24];
    snprintf(registers_text, sizeof registers_text, "%" PRIx64, registers);
    snprintf(config_text, sizeof config_text, "%" PRIx64, function->config_physical);
    snprintf(id_text, sizeof id_text, "%" PRIu64, function->id);
    const char *const arguments[] = { driver->path, registers_text, config_text, id_text };
    struct capability_pair pairs[CALLS_MAX + OBJECTS_MAX];
    struct capability_pair *end = spawn_own(pairs, driver->calls, call_count(driver));
    if (__syscall_capabilities[ANOS_CAP_CONFIG_SPACE] != 0) {
        end = give_devices(end, driver, function, registers);
    }
    const int64_t pid = spawn(STACK_BYTES, arguments, sizeof arguments / sizeof arguments[0],
                              pairs, (size_t)(end - pairs));
    if (pid <= 0) {
        printf("pcidrv: cannot start %s (error %" PRId64 ")\n", driver->path, pid);
    }
}
