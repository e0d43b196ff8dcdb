/*
 * PCI buses: bridges are followed as they are found, by the bus numbers that
 * firmware has given them (PCI-to-PCI bridge architecture 1.2, 3.2). A bus is
 * mapped when it is its turn, so that those that do not exist cost nothing.
 */
#include "bus.h"

#include "devman.h"
#include "drivers.h"
#include "function.h"
#include "pci.h"

#include <anos/abi.h>
#include <stdbool.h>
#include <stdio.h>

#define ECAM_WINDOW UINT64_C(0x9000000000)
#define BUS_BYTES (UINT64_C(1) << 20)
#define NO_VENDOR 0xffff

static const struct bus_range *range;
static bool seen[PCI_BUSES_MAX];
static unsigned function_count;

static void enumerate(unsigned bus, uint64_t parent_id);

static void follow_bridge(const struct function *bridge)
{
    const unsigned below = pci_read(bridge->config, PCI_BUSES) >> 8 & 0xff;
    if (below > bridge->bus && below <= range->end) {
        enumerate(below, bridge->id);
    }
}

/* The function there, with its id still 0; false if nothing is there. */
static bool probe(unsigned bus, unsigned device, unsigned number, struct function *function)
{
    const uint64_t offset =
        bus * BUS_BYTES + (device * PCI_FUNCTIONS_MAX + number) * PCI_CONFIG_BYTES;
    volatile uint8_t *const config = (volatile uint8_t *)(ECAM_WINDOW + offset);
    const uint32_t id = pci_read(config, PCI_ID);
    const uint16_t vendor_id = (uint16_t)id;
    if (vendor_id == NO_VENDOR || vendor_id == 0) {
        return false;
    }
    const uint32_t class = pci_read(config, PCI_CLASS);
    *function = (struct function){
        .config = config,
        .config_physical = range->ecam_physical + offset,
        .bus = (uint8_t)bus,
        .device = (uint8_t)device,
        .number = (uint8_t)number,
        .vendor_id = vendor_id,
        .device_id = (uint16_t)(id >> 16),
        .class_code = (uint8_t)(class >> 24),
        .subclass = (uint8_t)(class >> 16),
        .interface = (uint8_t)(class >> 8),
    };
    return true;
}

/* Register a function, start its driver or go behind it; returns its PCI_TYPE register. */
static uint32_t take_in(struct function *function, uint64_t parent_id)
{
    const uint32_t type = pci_read(function->config, PCI_TYPE);
    function_count++;
    function->id = devman_register(function, parent_id);
    switch (type & PCI_TYPE_MASK) {
    case PCI_TYPE_ENDPOINT:
        drivers_start(function);
        break;
    case PCI_TYPE_BRIDGE:
        follow_bridge(function);
        break;
    default: /* CardBus bridges, and what nobody has heard of */
        break;
    }
    return type;
}

static void enumerate(unsigned bus, uint64_t parent_id)
{
    if (seen[bus]) {
        return;
    }
    seen[bus] = true;
    const struct anos_result mapped = anos_map_physical(
        range->ecam_physical + bus * BUS_BYTES, ECAM_WINDOW + bus * BUS_BYTES, BUS_BYTES,
        ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_NOCACHE);
    if (mapped.type != ANOS_OK) {
        printf("pcidrv: cannot map bus %u (error %lld)\n", bus, (long long)mapped.type);
        return;
    }
    for (unsigned device = 0; device < PCI_DEVICES_MAX; device++) {
        struct function function;
        if (!probe(bus, device, 0, &function) ||
            !(take_in(&function, parent_id) & PCI_TYPE_SEVERAL_FUNCTIONS)) {
            continue;
        }
        for (unsigned number = 1; number < PCI_FUNCTIONS_MAX; number++) {
            if (probe(bus, device, number, &function)) {
                take_in(&function, parent_id);
            }
        }
    }
}

unsigned bus_enumerate(const struct bus_range *buses)
{
    range = buses;
    enumerate(buses->start, 0);
    return function_count;
}
