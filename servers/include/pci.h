/* PCI configuration space: the registers that drivers use (PCI 3.0, 6.1 and 6.2). */
#ifndef PCI_H
#define PCI_H

#include <stdint.h>

#define PCI_CONFIG_BYTES 0x1000 /* of one function in ECAM */
#define PCI_DEVICES_MAX 32      /* on a bus */
#define PCI_FUNCTIONS_MAX 8     /* of a device */
#define PCI_BUSES_MAX 256

/* Offsets. All accesses are aligned and of 32 bits. */
enum pci_register {
    PCI_ID = 0x00,      /* vendor, device << 16 */
    PCI_COMMAND = 0x04, /* with the status in the upper half */
    PCI_CLASS = 0x08,   /* revision, interface << 8, subclass << 16, class << 24 */
    PCI_TYPE = 0x0c,    /* header type in bits 16 to 22, "several functions" in bit 23 */
    PCI_BAR0 = 0x10,
    PCI_BUSES = 0x18, /* of a bridge: the bus below in bits 8 to 15 */
    PCI_CAPABILITIES = 0x34,
};

#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_BUS_MASTER (1u << 2)
#define PCI_COMMAND_NO_INTX (1u << 10)
#define PCI_COMMAND_MASK 0xffffu /* status bits above it are cleared by writing 1 */
#define PCI_STATUS_CAPABILITIES (1u << 20)

#define PCI_TYPE_MASK (0x7fu << 16)
#define PCI_TYPE_ENDPOINT (0u << 16)
#define PCI_TYPE_BRIDGE (1u << 16)
#define PCI_TYPE_SEVERAL_FUNCTIONS (1u << 23)

#define PCI_BAR_COUNT 6
#define PCI_BAR_IO (1u << 0)
#define PCI_BAR_WIDTH_MASK (3u << 1)
#define PCI_BAR_64BIT (2u << 1)
#define PCI_BAR_FLAGS 0xfu

#define PCI_CAPABILITY_MSI 0x05

static inline uint32_t pci_read(const volatile uint8_t *config, unsigned offset)
{
    return *(const volatile uint32_t *)(config + offset);
}

static inline void pci_write(volatile uint8_t *config, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(config + offset) = value;
}

#endif
