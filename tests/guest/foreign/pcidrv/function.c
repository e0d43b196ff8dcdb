/* One PCI function: registered with DEVMAN, and given a driver if it is AHCI (anos-abi 9.3). */
#include "anos.h"
#include "device.h"
#include "libc.h"
#include "pcidrv.h"
#include "spawn.h"

enum { AHCI_CLASS = 0x010601, AHCIDRV_STACK_BYTES = 0x100000, REGISTRATION_BYTES = 12 + 160 };
static const uint8_t ahcidrv_calls[] = {1, 2, 5, 21, 7, 22, 16, 23, 24, 15, 8, 9, 10, 11};
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

bool function_present(unsigned bus, unsigned slot, unsigned function)
{
    const uint16_t vendor = (uint16_t)config_read(bus, slot, function, 0x00);
    return vendor != 0xffff && vendor != 0;
}

static uint64_t register_function(const struct pci_device *device)
{
    const struct result devman = anos_find_named_channel("DEVMAN");
    if (devman.type != OK || devman.value == 0) {
        return 0;
    }
    const struct registration header = {DEVICE_REGISTER, DEVICE_PCI, 1};
    memcpy(page, &header, sizeof header);
    memcpy(page + sizeof header, device, sizeof *device);
    const struct result made = anos_send_message(devman.value, 0, REGISTRATION_BYTES, page);
    return made.type == OK ? made.value : 0;
}

static void start_ahci_driver(uint64_t abar, uint64_t config, uint64_t id)
{
    char abar_text[20], config_text[20], id_text[20];
    printf("pcidrv: AHCI controller at 0x%016lx, starting its driver\n", abar);
    snprintf(abar_text, sizeof abar_text, "%lx", abar);
    snprintf(config_text, sizeof config_text, "%lx", config);
    snprintf(id_text, sizeof id_text, "%lu", id);
    const char *const argv[] = {"boot:/ahcidrv.elf", abar_text, config_text, id_text};
    const int64_t pid = spawn(AHCIDRV_STACK_BYTES, 4, argv, sizeof ahcidrv_calls, ahcidrv_calls);
    if (pid <= 0) {
        printf("pcidrv: ahcidrv could not be started: %ld\n", pid);
    }
}

void found_function(unsigned bus, unsigned slot, unsigned function)
{
    const uint32_t ids = config_read(bus, slot, function, 0x00);
    const uint32_t class_word = config_read(bus, slot, function, 0x08);
    const uint64_t at = (uint64_t)bus << 20 | slot << 15 | function << 12;
    struct pci_device device = {
        .base = {.parent_id = 1, .type = DEVICE_PCI, .driver = "pcidrv"},
        .vendor = (uint16_t)ids,
        .device = (uint16_t)(ids >> 16),
        .bus = (uint8_t)bus,
        .slot = (uint8_t)slot,
        .function = (uint8_t)function,
        .class_code = (uint8_t)(class_word >> 24),
        .subclass = (uint8_t)(class_word >> 16),
        .interface = (uint8_t)(class_word >> 8),
        .config = ecam_base + at,
    };
    snprintf(device.base.name, sizeof device.base.name, "PCI %02x:%02x.%x", bus, slot, function);
    const uint64_t id = register_function(&device);
    printf("pcidrv: %s is %04x:%04x, class %06x\n", device.base.name, device.vendor, device.device,
           class_word >> 8);
    const uint32_t bar5 = config_read(bus, slot, function, 0x24);
    if (class_word >> 8 == AHCI_CLASS && bar5 != 0 && bar5 != 0xffffffff) {
        start_ahci_driver(bar5 & 0xfffffff0, device.config, id);
    }
}
