/* Message-signalled interrupts: finding the capability, and telling it where to write. */
#include "msi.h"

#include "pci.h"

#include <anos/abi.h>

#define CAPABILITIES_MAX 48 /* as many as fit; a list that is longer runs in a circle */
#define MSI_ENABLE (1u << 16)
#define MSI_COUNT_MASK (7u << 20)
#define MSI_64BIT (1u << 23)

/* Offset of the MSI capability in configuration space, 0 if it is not there. */
static unsigned find(const volatile uint8_t *config)
{
    if (!(pci_read(config, PCI_COMMAND) & PCI_STATUS_CAPABILITIES)) {
        return 0;
    }
    unsigned offset = pci_read(config, PCI_CAPABILITIES) & 0xfc;
    for (int i = 0; i < CAPABILITIES_MAX && offset != 0; i++) {
        const uint32_t header = pci_read(config, offset);
        if ((uint8_t)header == PCI_CAPABILITY_MSI) {
            return offset;
        }
        offset = header >> 8 & 0xfc;
    }
    return 0;
}

bool msi_enable(volatile uint8_t *config, uint64_t config_physical, uint8_t *vector)
{
    const unsigned msi = find(config);
    uint64_t address;
    uint32_t data;
    const uint32_t bdf = config_physical / PCI_CONFIG_BYTES & 0xffff;
    if (msi == 0) {
        return false;
    }
    const struct anos_result allocated = anos_alloc_interrupt_vector(bdf, &address, &data);
    if (allocated.type != ANOS_OK) {
        return false;
    }
    *vector = (uint8_t)allocated.value;
    const uint32_t header = pci_read(config, msi) & ~(MSI_ENABLE | MSI_COUNT_MASK);
    pci_write(config, msi, header);
    pci_write(config, msi + 4, (uint32_t)address);
    if (header & MSI_64BIT) {
        pci_write(config, msi + 8, (uint32_t)(address >> 32));
        pci_write(config, msi + 12, data);
    } else {
        pci_write(config, msi + 8, data);
    }
    pci_write(config, msi, header | MSI_ENABLE);
    return true;
}
