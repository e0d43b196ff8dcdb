/* pcidrv: finds what is on the buses of one segment and starts a driver for it (anos-abi 9.3). */
#include "anos.h"
#include "libc.h"
#include "pcidrv.h"

uint64_t ecam_base;
unsigned first_bus;

/* Only aligned words are read: whatever else there is lies inside them. */
uint32_t config_read(unsigned bus, unsigned slot, unsigned function, unsigned offset)
{
    const uint64_t at = (uint64_t)(bus - first_bus) << 20 | slot << 15 | function << 12 | offset;
    return *(volatile uint32_t *)(ECAM_WINDOW + at);
}

static void scan_slot(unsigned bus, unsigned slot)
{
    if (!function_present(bus, slot, 0)) {
        return;
    }
    found_function(bus, slot, 0);
    const bool several = config_read(bus, slot, 0, 0x0c) >> 16 & 0x80;
    for (unsigned function = 1; several && function < 8; function++) {
        if (function_present(bus, slot, function)) {
            found_function(bus, slot, function);
        }
    }
}

int main(int argc, char **argv)
{
    printf("\npcidrv #f0re1gn [libanos #f0re1gn]\n\n");
    if (argc != 5) {
        printf("pcidrv: five arguments, please\n");
        return 1;
    }
    ecam_base = parse_number(argv[1], 16);
    first_bus = (unsigned)parse_number(argv[3], 10);
    const unsigned last_bus = (unsigned)parse_number(argv[4], 10);
    const uint64_t size = (uint64_t)(last_bus - first_bus + 1) << 20;
    const struct result mapped = anos_map_physical(ecam_base, ECAM_WINDOW, size, READ | NOCACHE);
    if (mapped.type != OK) {
        printf("pcidrv: ECAM cannot be mapped: %ld\n", mapped.type);
        return 1;
    }
    if (anos_find_named_channel("DEVMAN").value == 0) {
        printf("pcidrv: no DEVMAN, devices will not be registered\n");
    }
    for (unsigned bus = first_bus; bus <= last_bus; bus++) {
        for (unsigned slot = 0; slot < 32; slot++) {
            scan_slot(bus, slot);
        }
    }
    printf("\npcidrv: enumeration complete, the driver exits\n");
    return 0;
}
