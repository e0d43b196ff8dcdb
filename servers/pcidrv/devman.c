/* Telling DEVMAN what is on the bus (anos-abi 9.2). */
#include "devman.h"

#include "again.h"
#include "device.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES (sizeof(struct device_registration) + sizeof(struct pci_device_info))

static uint64_t devman;

void devman_find(void)
{
    devman = anos_find_named_channel(DEVMAN_NAME).value;
    if (devman == 0) {
        printf("pcidrv: there is no DEVMAN; devices are not registered\n");
    }
}

uint64_t devman_register(const struct function *function, uint64_t parent_id)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    if (devman == 0) {
        return 0;
    }
    const struct device_registration header = { DEVICE_REGISTER, DEVICE_PCI, 1 };
    struct pci_device_info device = {
        .base = { .parent_id = parent_id, .type = DEVICE_PCI, .driver = "pcidrv" },
        .vendor_id = function->vendor_id,
        .device_id = function->device_id,
        .bus = function->bus,
        .device = function->device,
        .function = function->number,
        .class_code = function->class_code,
        .subclass = function->subclass,
        .interface = function->interface,
        .config_physical = function->config_physical,
    };
    snprintf(device.base.name, sizeof device.base.name, "PCI %02x:%02x.%x", function->bus,
             function->device, function->number);
    memcpy(page, &header, sizeof header);
    memcpy(page + sizeof header, &device, sizeof device);
    const struct anos_result answer = send_again(devman, 0, MESSAGE_BYTES, page);
    if (answer.type != ANOS_OK) {
        printf("pcidrv: DEVMAN does not take %s\n", device.base.name);
    }
    return answer.value;
}
