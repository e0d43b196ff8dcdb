/*
 * Starting the driver that the boot config names for a function.
 *
 * It is started as `PATH REGISTERS CONFIG ID`, and behind that what its entry has
 * as arguments: the physical addresses of its registers and of its configuration
 * page in hex, and the number under which DEVMAN knows the function, in decimal
 * (anos-abi 9.4). It gets those calls of its manifest that pcidrv may pass on.
 */
#include "drivers.h"

#include "config.h"
#include "pci.h"
#include "progress.h"
#include "spawn.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OBJECTS_MAX 3
#define FOUR_GIB (UINT64_C(1) << 32)

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
                                            const struct anos_boot_driver *driver,
                                            const struct function *function, uint64_t registers,
                                            struct progress *progress)
{
    const uint64_t bytes = function_bar_bytes(function, driver->bar, progress);
    const uint64_t begin = registers & -(uint64_t)ANOS_PAGE_BYTES;
    const uint64_t end = (registers + bytes + ANOS_PAGE_BYTES - 1) & -(uint64_t)ANOS_PAGE_BYTES;
    const uint64_t memory = __syscall_capabilities[registers < FOUR_GIB
                                                       ? ANOS_CAP_DEVICE_MEMORY
                                                       : ANOS_CAP_DEVICE_MEMORY_HIGH];
    *pairs++ = spawn_part(ANOS_CAP_DEVICE_MEMORY, memory, begin, end - begin);
    *pairs++ = spawn_part(ANOS_CAP_CONFIG_SPACE, __syscall_capabilities[ANOS_CAP_CONFIG_SPACE],
                          function->config_physical, PCI_CONFIG_BYTES);
    if (driver->vector_count > 0) {
        *pairs++ = spawn_part(ANOS_CAP_INTERRUPT_VECTORS,
                              __syscall_capabilities[ANOS_CAP_INTERRUPT_VECTORS],
                              next_vectors(driver->vector_count), driver->vector_count);
    }
    return pairs;
}

/* The calls of the driver's manifest. */
static struct capability_pair *give_calls(struct capability_pair *pairs,
                                          const struct anos_boot_entry *entry)
{
    for (uint32_t i = 0; i < entry->capability_count; i++) {
        const uint8_t id = entry->capabilities[i];
        if (id >= ANOS_CAP_DEVICE_MEMORY) {
            continue; /* devices: it gets parts of them */
        }
        if (__syscall_capabilities[id] == 0) {
            printf("pcidrv: %s has call %u in the boot config, which pcidrv does not have to "
                   "pass on\n", entry->path, id);
        }
        pairs = spawn_own(pairs, &id, 1);
    }
    return pairs;
}

/* Find what the driver is started with; `texts` has room for the three numbers. */
static size_t fill_arguments(const char **arguments, char texts[3][24],
                             const struct anos_boot_entry *entry, const struct function *function,
                             uint64_t registers)
{
    size_t count = 0;
    snprintf(texts[0], sizeof texts[0], "%" PRIx64, registers);
    snprintf(texts[1], sizeof texts[1], "%" PRIx64, function->config_physical);
    snprintf(texts[2], sizeof texts[2], "%" PRIu64, function->id);
    arguments[count++] = entry->path;
    for (int i = 0; i < 3; i++) {
        arguments[count++] = texts[i];
    }
    const char *next = entry->arguments;
    for (uint32_t i = 0; i < entry->argument_count && count < SPAWN_ARGUMENTS_MAX; i++) {
        arguments[count++] = next;
        next += strlen(next) + 1;
    }
    return count;
}

void drivers_start(const struct function *function)
{
    const struct anos_boot_entry *const entry = config_find(function);
    if (entry == NULL) {
        return;
    }
    struct progress *const progress = progress_of(function);
    if (progress->is_started) {
        next_vectors(entry->driver.vector_count); /* it has them */
        return;
    }
    function_finish_sizing(function, entry->driver.bar, progress);
    const uint64_t registers = function_bar(function, entry->driver.bar);
    if (registers == 0) {
        printf("pcidrv: the %s at %02x:%02x.%x has no address\n", entry->driver.name,
               function->bus, function->device, function->number);
        return;
    }
    printf("pcidrv: %s at 0x%016" PRIx64 ": starting %s\n", entry->driver.name, registers,
           entry->path);
    struct capability_pair pairs[ANOS_CAPABILITY_SLOTS + OBJECTS_MAX];
    struct capability_pair *end = give_calls(pairs, entry);
    if (__syscall_capabilities[ANOS_CAP_CONFIG_SPACE] != 0) {
        end = give_devices(end, &entry->driver, function, registers, progress);
    }
    const char *arguments[SPAWN_ARGUMENTS_MAX];
    char texts[3][24];
    const size_t count = fill_arguments(arguments, texts, entry, function, registers);
    if (entry->restart.policy == ANOS_BOOT_NEVER) { /* SYSTEM would start it again if we did */
        supervised_store(&progress->is_started, 1);
    }
    const int64_t pid =
        spawn(entry->stack_bytes, arguments, count, pairs, (size_t)(end - pairs));
    if (pid <= 0) {
        printf("pcidrv: cannot start %s (error %" PRId64 ")\n", entry->path, pid);
        return;
    }
    supervised_store(&progress->is_started, 1);
}
