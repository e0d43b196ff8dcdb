/* Telling DEVMAN what there is to use (anos-abi 9.2 and 9.4). */
#include "devman.h"

#include "again.h"
#include "device.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

static uint64_t devman;

bool devman_find(void)
{
    devman = anos_find_named_channel(DEVMAN_NAME).value;
    if (devman == 0) {
        printf("ahcidrv: there is no DEVMAN, so nobody could find the disks\n");
    }
    return devman != 0;
}

/* Register one device of `type`; returns its id, 0 if that failed. */
static uint64_t register_device(uint32_t type, const void *device)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];
    const struct device_registration header = { DEVICE_REGISTER, type, 1 };
    const size_t bytes = device_record_bytes(type);
    memcpy(page, &header, sizeof header);
    memcpy(page + sizeof header, device, bytes);
    return send_again(devman, 0, sizeof header + bytes, page).value;
}

uint64_t devman_register_controller(uint64_t parent_id)
{
    const struct device_info controller = {
        .parent_id = parent_id,
        .type = DEVICE_STORAGE_CONTROLLER,
        .hardware = HARDWARE_AHCI,
        .name = "AHCI Controller",
        .driver = "ahcidrv",
    };
    return register_device(DEVICE_STORAGE_CONTROLLER, &controller);
}

void devman_register_disk(struct disk *disk, uint64_t controller_id)
{
    struct storage_device_info device = {
        .base = {
            .parent_id = controller_id,
            .type = DEVICE_STORAGE,
            .hardware = HARDWARE_AHCI,
            .abilities = DEVICE_CAN_READ | DEVICE_CAN_WRITE,
            .driver = "ahcidrv",
            .channel = disk->channel,
        },
        .sector_count = disk->sector_count,
        .sector_bytes = SECTOR_BYTES,
    };
    snprintf(device.base.name, sizeof device.base.name, "AHCI Port %u", disk->port.index);
    strcpy(device.model, disk->model);
    strcpy(device.serial, disk->serial);
    disk->device_id = register_device(DEVICE_STORAGE, &device);
    if (disk->device_id == 0) {
        printf("ahcidrv: DEVMAN does not take the disk at port %u\n", disk->port.index);
    }
}

void devman_remove_disk(struct disk *disk)
{
    static _Alignas(ANOS_PAGE_BYTES) struct device_removal removal;
    if (disk->device_id != 0) {
        removal = (struct device_removal){ .message = DEVICE_UNREGISTER, .id = disk->device_id };
        send_again(devman, 0, sizeof removal, &removal);
        disk->device_id = 0;
    }
}
