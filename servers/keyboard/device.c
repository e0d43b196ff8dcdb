/* Three registers: whether an event waits, the next event, whether to interrupt. */
#include "device.h"

#include "msi.h"
#include "pci.h"

#include <anos/abi.h>
#include <stdio.h>

#define REGISTERS_WINDOW UINT64_C(0xb000000000)
#define CONFIG_WINDOW UINT64_C(0xc000000000)
#define DEVICE_ACCESS (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_NOCACHE)

enum { STATUS = 0, EVENT = 1, CONTROL = 2 };

#define PRESSED (1u << 8)
#define VALID (1u << 31)
#define INTERRUPTS (1u << 0)

static bool map(uint64_t physical, uint64_t window)
{
    return anos_map_physical(physical, window, ANOS_PAGE_BYTES, DEVICE_ACCESS).type == ANOS_OK;
}

bool keyboard_open(struct keyboard *keyboard, uint64_t registers, uint64_t config_physical)
{
    volatile uint8_t *const config = (volatile uint8_t *)CONFIG_WINDOW;
    if (!map(registers, REGISTERS_WINDOW) || !map(config_physical, CONFIG_WINDOW)) {
        printf("keyboard: cannot map the registers\n");
        return false;
    }
    const uint32_t command = pci_read(config, PCI_COMMAND) & PCI_COMMAND_MASK;
    pci_write(config, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    keyboard->registers = (volatile uint32_t *)REGISTERS_WINDOW;
    if (!msi_enable(config, config_physical, &keyboard->vector)) {
        printf("keyboard: no interrupt, so nobody could read\n");
        return false;
    }
    keyboard->registers[CONTROL] = INTERRUPTS;
    return true;
}

bool keyboard_read(const struct keyboard *keyboard, uint8_t *usage, bool *pressed)
{
    const uint32_t event = keyboard->registers[EVENT];
    *usage = (uint8_t)event;
    *pressed = event & PRESSED;
    return event & VALID;
}

bool keyboard_wait(const struct keyboard *keyboard)
{
    uint32_t event;
    return anos_wait_interrupt(keyboard->vector, &event).type == ANOS_OK;
}
