/* The controller: mapped, switched on, and its one interrupt (AHCI 1.3.1, 10.1.2). */
#include "controller.h"

#include "msi.h"
#include "pci.h"
#include "port.h"

#include <anos/abi.h>
#include <stdio.h>

#define REGISTERS_WINDOW UINT64_C(0xb000000000)
#define CONFIG_WINDOW UINT64_C(0xc000000000)
#define DEVICE_ACCESS (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_NOCACHE)
#define PORTS_IN_FIRST_PAGE 30

static bool map(uint64_t physical, uint64_t window, uint64_t bytes)
{
    return anos_map_physical(physical, window, bytes, DEVICE_ACCESS).type == ANOS_OK;
}

/* A second page has the last two ports; without them it is another device's. */
static bool map_registers(struct controller *controller, uint64_t physical)
{
    controller->registers = (struct hba_registers *)REGISTERS_WINDOW;
    if (!map(physical, REGISTERS_WINDOW, ANOS_PAGE_BYTES)) {
        return false;
    }
    return controller->registers->ports >> PORTS_IN_FIRST_PAGE == 0 ||
           map(physical, REGISTERS_WINDOW, 2 * ANOS_PAGE_BYTES);
}

bool controller_open(struct controller *controller, uint64_t registers, uint64_t config_physical)
{
    volatile uint8_t *const config = (volatile uint8_t *)CONFIG_WINDOW;
    if (!map(config_physical, CONFIG_WINDOW, PCI_CONFIG_BYTES)) {
        printf("ahcidrv: cannot map the configuration page\n");
        return false;
    }
    const uint32_t command = pci_read(config, PCI_COMMAND) & PCI_COMMAND_MASK;
    /* No bus master yet: a predecessor's commands may be there, whose memory is gone. */
    pci_write(config, PCI_COMMAND,
              (command & ~PCI_COMMAND_BUS_MASTER) | PCI_COMMAND_MEMORY | PCI_COMMAND_NO_INTX);
    if (!map_registers(controller, registers)) {
        printf("ahcidrv: cannot map the registers\n");
        return false;
    }
    controller->has_vector = msi_enable(config, config_physical, &controller->vector);
    if (!controller->has_vector) {
        printf("ahcidrv: no interrupt; each tick is waited for\n");
    }
    struct hba_registers *const hba = controller->registers;
    hba->control |= HBA_AHCI_ENABLE;
    for (unsigned port = 0; port < AHCI_PORTS_MAX; port++) {
        if (hba->ports >> port & 1) {
            hba->port[port].interrupt_enable = 0;
            port_stop(&hba->port[port]);
        }
    }
    pci_write(config, PCI_COMMAND,
              command | PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER | PCI_COMMAND_NO_INTX);
    hba->interrupt_status = UINT32_MAX;
    hba->control |= HBA_INTERRUPTS;
    return true;
}

bool controller_wait(struct controller *controller)
{
    uint32_t event;
    controller->has_vector = controller->has_vector &&
                             anos_wait_interrupt(controller->vector, &event).type == ANOS_OK;
    return controller->has_vector;
}
