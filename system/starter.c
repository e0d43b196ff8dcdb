/*
 * The filesystem starter (anos-abi 8.6), a client of DEVMAN (device.h).
 *
 * Devices turn up one by one while drivers find them, and nobody says which
 * was the last: it asks until nothing new has come for a while. A driver is
 * started as `fat32drv <mount> <device id>` and mounts its volume by itself; what it
 * may hold, its stack and its class are those of its entry in the boot config.
 *
 * Drivers of several controllers race to register their disks. Names shall not
 * depend on who wins: disks are numbered by the place of their controller on the
 * bus, which is the order of DEVMAN's ids for PCI functions, then by their own.
 */
#include "starter.h"

#include "again.h"
#include "boot.h"
#include "device.h"
#include "loader.h"
#include "ramfs.h"
#include "service.h"
#include "supervisor.h"
#include "vfs.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define DRIVER_PATH "boot:/fat32drv.elf"
#define POLL_NS UINT64_C(20000000)
#define STORAGE_POLLS_MAX 750 /* 15 s until the first device */
#define SETTLE_POLLS 50       /* 1 s after the newest one */

/* Devices that have a driver. The RAMFS has one mount of the table. */
static uint64_t served[VFS_MOUNTS_MAX - 1];
static unsigned served_count;

static bool is_served(uint64_t device)
{
    for (unsigned i = 0; i < served_count; i++) {
        if (served[i] == device) {
            return true;
        }
    }
    return false;
}

static const char *mount_name(uint32_t hardware)
{
    switch (hardware) {
    case HARDWARE_AHCI:
        return "disk";
    case HARDWARE_NVME:
        return "nvme";
    case HARDWARE_USB:
        return "usb";
    default:
        return "storage";
    }
}

static void start_driver(const struct device_info *device, const struct anos_boot_entry *manifest)
{
    struct capability_pair capabilities[ANOS_CAPABILITY_SLOTS];
    uint32_t rights[ANOS_CAPABILITY_SLOTS];
    loader_own(capabilities, rights, manifest);

    char strings[128];
    const int used = snprintf(strings, sizeof strings, "%s%c%s%u:%c%llu", DRIVER_PATH, 0,
                              mount_name(device->hardware), served_count, 0,
                              (unsigned long long)device->id);
    const struct program driver = {
        .values = { .argument_count = 3,
                    .capability_count = manifest->capability_count,
                    .string_bytes = (size_t)used + 1,
                    .strings = strings,
                    .capabilities = capabilities },
        .rights = rights,
        .stack_bytes = manifest->stack_bytes,
        .thread_class = (uint8_t)manifest->thread_class,
    };
    supervisor_start(&driver);
    served[served_count++] = device->id;
}

/* Ask for all storage devices; the answer is in the page, returns how many they are. */
static uint32_t query(uint64_t devman, void *page)
{
    const struct device_query request = {
        .message = DEVICE_QUERY,
        .kind = QUERY_BY_TYPE,
        .type = DEVICE_STORAGE,
    };
    memcpy(page, &request, sizeof request);
    const struct anos_result answer = send_again(devman, 0, sizeof request, page);
    const struct device_answer *const devices = page;
    if (answer.type != ANOS_OK || answer.value < offsetof(struct device_answer, devices)) {
        return 0;
    }
    const uint64_t answered = (answer.value - offsetof(struct device_answer, devices)) /
                              sizeof devices->devices[0];
    const uint64_t count = answered < devices->count ? answered : devices->count;
    return count < DEVICE_ANSWER_MAX ? (uint32_t)count : DEVICE_ANSWER_MAX;
}

/* The parent of a device, 0 if it is gone. */
static uint64_t parent_of(uint64_t devman, uint64_t id)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    const struct device_query request = {
        .message = DEVICE_QUERY,
        .kind = QUERY_BY_ID,
        .id = id,
    };
    memcpy(page, &request, sizeof request);
    const struct anos_result answer = send_again(devman, 0, sizeof request, page);
    const struct device_answer *const found = (const struct device_answer *)page;
    const bool whole = answer.type == ANOS_OK &&
                       answer.value >= offsetof(struct device_answer, devices[1]);
    return whole ? found->devices[0].parent_id : 0;
}

static bool is_usable(const struct device_info *device)
{
    return device->channel != 0 && device->abilities & (DEVICE_CAN_READ | DEVICE_CAN_WRITE) &&
           !is_served(device->id);
}

/* Start a driver for each usable device that has none; returns true if there was one. */
static bool start_drivers(uint64_t devman, const struct anos_boot_entry *manifest)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    const struct device_answer *const answer = (const struct device_answer *)page;
    const uint32_t count = query(devman, page);
    uint64_t functions[DEVICE_ANSWER_MAX];
    for (uint32_t i = 0; i < count; i++) {
        functions[i] = parent_of(devman, answer->devices[i].parent_id);
    }
    bool started = false;
    while (served_count < VFS_MOUNTS_MAX - 1) {
        uint32_t first = count;
        for (uint32_t i = 0; i < count; i++) { /* they are in the order of their own ids */
            if (is_usable(&answer->devices[i]) &&
                (first == count || functions[i] < functions[first])) {
                first = i;
            }
        }
        if (first == count) {
            break;
        }
        start_driver(&answer->devices[first], manifest);
        started = true;
    }
    return started;
}

void *starter_run(void *unused)
{
    (void)unused;
    service_own_stack();
    const struct anos_boot_entry *const manifest = boot_manifest(DRIVER_PATH);
    if (manifest == NULL) {
        printf("Filesystems: the boot config has no manifest for %s, so there are none but "
               RAMFS_MOUNT "\n", DRIVER_PATH);
        return NULL;
    }
    printf("Filesystems: waiting for storage devices\n");
    uint64_t devman = 0;
    int polls_left = STORAGE_POLLS_MAX;
    for (; polls_left > 0; polls_left--) {
        if (devman == 0) {
            devman = anos_find_named_channel(DEVMAN_NAME).value;
        }
        if (devman != 0 && start_drivers(devman, manifest)) {
            polls_left = SETTLE_POLLS;
        }
        anos_task_sleep_current(POLL_NS);
    }
    if (devman == 0) {
        printf("Filesystems: %s is missing, so there are none but " RAMFS_MOUNT "\n", DEVMAN_NAME);
    } else if (served_count == 0) {
        printf("Filesystems: there is no usable storage\n");
    }
    return NULL;
}
