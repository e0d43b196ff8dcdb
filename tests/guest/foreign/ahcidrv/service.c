/* Sectors for everybody, always of the first disk (anos-abi 9.4). */
#include "ahci.h"
#include "anos.h"
#include "device.h"
#include "libc.h"

enum { READ_MAX = 8, WRITE_MAX = 7, INFO_BYTES = 112 };
static uint8_t *const window = (uint8_t *)0x300000000;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

static uint64_t register_device(uint64_t devman, uint32_t type, const void *device, size_t size)
{
    const struct registration header = {DEVICE_REGISTER, type, 1};
    memcpy(page, &header, sizeof header);
    memcpy(page + sizeof header, device, size);
    const struct result made = anos_send_message(devman, 0, sizeof header + size, page);
    return made.type == OK ? made.value : 0;
}

static void register_all(uint64_t devman, uint64_t channel, const struct port *ports,
                         unsigned count, uint64_t parent_id)
{
    const struct device_info controller = {
        .parent_id = parent_id,
        .type = DEVICE_STORAGE_CONTROLLER,
        .hardware = HARDWARE_AHCI,
        .name = "AHCI Controller",
        .driver = "ahcidrv",
        .driver_channel = channel,
    };
    const uint64_t id =
        register_device(devman, DEVICE_STORAGE_CONTROLLER, &controller, sizeof controller);
    for (unsigned i = 0; i < count; i++) {
        if (!ports[i].ready) {
            continue;
        }
        struct storage_device disk = {
            .base = controller,
            .sectors = ports[i].sectors,
            .sector_size = SECTOR_BYTES,
            .model = "Unknown Model",
            .serial = "Unknown Serial",
        };
        disk.base.parent_id = id;
        disk.base.type = DEVICE_STORAGE;
        disk.base.capabilities = CAN_READ | CAN_WRITE;
        memset(disk.base.name, 0, sizeof disk.base.name);
        snprintf(disk.base.name, sizeof disk.base.name, "AHCI Port %u", i);
        register_device(devman, DEVICE_STORAGE, &disk, sizeof disk);
    }
}

/* A new buffer for every read, never given back. */
static uint64_t read_sectors(struct port *port, uint64_t sector, uint32_t count)
{
    struct dma_page buffer;
    if (count == 0 || count > READ_MAX || !dma_allocate(&buffer) ||
        !port_command(port, ATA_READ_DMA_EXT, sector, (uint16_t)count, buffer.physical,
                      count * SECTOR_BYTES, false)) {
        return 0;
    }
    memcpy(window, buffer.data, count * SECTOR_BYTES);
    return (uint64_t)count * SECTOR_BYTES;
}

/* Broken on Anos, too: the device gets the virtual address of the data. */
static uint64_t write_sectors(struct port *port, uint64_t sector, uint32_t count)
{
    const bool done = count > 0 && count <= WRITE_MAX &&
                      port_command(port, ATA_WRITE_DMA_EXT, sector, (uint16_t)count,
                                   (uintptr_t)window + 24, count * SECTOR_BYTES, true);
    return done ? count : 0;
}

static uint64_t describe(const struct port *port)
{
    const uint32_t size_and_capabilities[] = {SECTOR_BYTES, CAN_READ | CAN_WRITE};
    memset(window, 0, INFO_BYTES);
    memcpy(window, &port->sectors, 8);
    memcpy(window + 8, size_and_capabilities, 8);
    memcpy(window + 16, "AHCI Storage Device", 20);
    memcpy(window + 80, "AHCI-001", 9);
    return INFO_BYTES;
}

static uint64_t handle(struct port *port, uint64_t size)
{
    struct storage_message request;
    if (port == NULL || size < sizeof request) {
        return 0;
    }
    memcpy(&request, window, sizeof request);
    switch (request.type) {
    case STORAGE_READ:
        return read_sectors(port, request.sector, request.count);
    case STORAGE_WRITE:
        return write_sectors(port, request.sector, request.count);
    case STORAGE_INFO:
        return describe(port);
    default:
        return 0;
    }
}

void serve(struct port *ports, unsigned count, uint64_t parent_id)
{
    const struct result devman = anos_find_named_channel("DEVMAN");
    const struct result channel = anos_create_channel();
    if (devman.type != OK || devman.value == 0 || channel.type != OK) {
        printf("ahcidrv: no DEVMAN or no channel\n");
        return;
    }
    register_all(devman.value, channel.value, ports, count, parent_id);
    struct port *first = NULL;
    for (unsigned i = count; i-- > 0;) {
        first = ports[i].ready ? &ports[i] : first;
    }
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(channel.value, &tag, &size, window);
        if (message.type == OK) {
            anos_reply_message(message.value, handle(first, size));
        }
    }
}
