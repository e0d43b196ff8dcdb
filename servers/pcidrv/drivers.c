/*
 * Which program drives which class of device.
 *
 * A driver is started as `PATH REGISTERS CONFIG ID`: the physical addresses of
 * its registers and of its configuration page in hex, and the number under
 * which DEVMAN knows the function, in decimal (anos-abi 9.4).
 */
#include "drivers.h"

#include "spawn.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>

#define STACK_BYTES 0x100000
#define CALLS_MAX 24

struct driver {
    uint8_t class_code;
    uint8_t subclass;
    uint8_t interface;
    uint8_t bar; /* which one has its registers */
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
            ANOS_SYS_DEBUG_CHAR,
            ANOS_SYS_SLEEP,
            ANOS_SYS_MAP_PHYSICAL,
            ANOS_SYS_MAP_VIRTUAL,
            ANOS_SYS_ALLOC_PHYSICAL_PAGES,
            ANOS_SYS_KILL_CURRENT_TASK,
            ANOS_SYS_ALLOC_INTERRUPT_VECTOR,
            ANOS_SYS_WAIT_INTERRUPT,
            ANOS_SYS_FIND_NAMED_CHANNEL,
            ANOS_SYS_SEND_MESSAGE,
            ANOS_SYS_RECV_MESSAGE,
            ANOS_SYS_REPLY_MESSAGE,
            ANOS_SYS_CREATE_CHANNEL,
            ANOS_SYS_CREATE_THREAD, /* with the next one: threads for more than one disk */
            ANOS_SYS_CREATE_REGION,
        },
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
    const int64_t pid = spawn(STACK_BYTES, arguments, sizeof arguments / sizeof arguments[0],
                              driver->calls, call_count(driver));
    if (pid <= 0) {
        printf("pcidrv: cannot start %s (error %" PRId64 ")\n", driver->path, pid);
    }
}
