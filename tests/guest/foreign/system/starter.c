/* The filesystem starter: asks DEVMAN for disks until there are some (anos-abi 8.6). */
#include "device.h"
#include "libc.h"
#include "system.h"

enum { FIRST_WAIT_S = 2, NAME_TRIES = 10, STORAGE_TRIES = 15, DEVICES_MAX = 8 };
enum { DRIVER_STACK_BYTES = 0x100000 };

static const uint8_t driver_calls[] = {1, 2,  18, 5,  20, 21, 7,  22, 8,
                                       15, 16, 23, 24, 9,  10, 11, 13};
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static void say(const char *text)
{
    anos_kprint(text); /* printf's buffer may be main's */
}

static uint64_t find_devman(void)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        const struct result found = anos_find_named_channel("DEVMAN");
        if (found.type == OK && found.value != 0) {
            return found.value;
        }
        sleep_seconds(1);
    }
    return 0;
}

/* How many storage devices there are; the page has their records. */
static uint32_t find_storage(uint64_t devman)
{
    for (int i = 0; i < STORAGE_TRIES; i++) {
        struct query *query = (struct query *)page;
        *query = (struct query){DEVICE_QUERY, QUERY_BY_TYPE, DEVICE_STORAGE, 0, 0};
        const struct query_response *response = (const struct query_response *)page;
        const struct result found = anos_send_message(devman, 0, sizeof *query, page);
        if (found.type == OK && found.value > sizeof *response && response->count > 0) {
            return response->count < DEVICES_MAX ? response->count : DEVICES_MAX;
        }
        sleep_seconds(1);
    }
    return 0;
}

static void start_driver(const struct device_info *device, unsigned index)
{
    static const char *const kinds[] = {"storage", "disk", "nvme", "storage", "usb"};
    if (device->driver_channel == 0 || !(device->capabilities & (CAN_READ | CAN_WRITE))) {
        return;
    }
    const char *kind = device->hardware <= HARDWARE_USB ? kinds[device->hardware] : "storage";
    char prefix[32];
    snprintf(prefix, sizeof prefix, "%s%u:", kind, index);
    struct capability pairs[sizeof driver_calls];
    for (unsigned i = 0; i < sizeof driver_calls; i++) {
        pairs[i] = (struct capability){driver_calls[i], __syscall_capabilities[driver_calls[i]]};
    }
    const char *const argv[] = {"boot:/fat32drv.elf", prefix};
    create_server(DRIVER_STACK_BYTES, CLASS_REALTIME, sizeof driver_calls, pairs, 2, argv);
}

void starter_thread(void)
{
    sleep_seconds(FIRST_WAIT_S);
    say("starter: waiting for storage\n");
    const uint64_t devman = find_devman();
    if (devman == 0) {
        say("starter: there is no DEVMAN\n");
    } else {
        const uint32_t count = find_storage(devman);
        if (count == 0) {
            say("starter: there is no storage\n");
        }
        const struct query_response *response = (const struct query_response *)page;
        for (uint32_t i = 0; i < count; i++) {
            start_driver(&response->devices[i], i);
        }
    }
    for (;;) {
        sleep_seconds(3600);
    }
}
