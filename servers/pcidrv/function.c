/* One function on a PCI bus: its BARs (PCI 3.0, 6.2.5.1). */
#include "function.h"

#include "pci.h"
#include "progress.h"

static uint32_t bar_register(const struct function *function, unsigned index)
{
    return pci_read(function->config, PCI_BAR0 + 4 * index);
}

static int is_64bit(uint32_t bar)
{
    return !(bar & PCI_BAR_IO) && (bar & PCI_BAR_WIDTH_MASK) == PCI_BAR_64BIT;
}

uint64_t function_bar(const struct function *function, unsigned index)
{
    for (unsigned i = 0; i < PCI_BAR_COUNT; i++) {
        const uint32_t low = bar_register(function, i);
        const int has_upper_half = is_64bit(low) && i + 1 < PCI_BAR_COUNT;
        if (i == index) {
            if (low & PCI_BAR_IO || low == UINT32_MAX) {
                return 0;
            }
            const uint64_t high = has_upper_half ? bar_register(function, i + 1) : 0;
            return high << 32 | (low & ~PCI_BAR_FLAGS);
        }
        i += has_upper_half;
    }
    return 0;
}

void function_finish_sizing(const struct function *function, unsigned index,
                            struct progress *progress)
{
    if (progress->is_sizing) {
        pci_write(function->config, PCI_BAR0 + 4 * index, progress->bar);
        pci_write(function->config, PCI_COMMAND, progress->command);
        supervised_store(&progress->is_sizing, 0);
    }
}

uint64_t function_bar_bytes(const struct function *function, unsigned index,
                            struct progress *progress)
{
    if (progress->bar_bytes == 0) {
        progress->command = pci_read(function->config, PCI_COMMAND) & PCI_COMMAND_MASK;
        progress->bar = bar_register(function, index);
        supervised_store(&progress->is_sizing, 1);
        pci_write(function->config, PCI_COMMAND,
                  progress->command & ~(uint32_t)PCI_COMMAND_MEMORY);
        pci_write(function->config, PCI_BAR0 + 4 * index, UINT32_MAX);
        const uint32_t bits = bar_register(function, index) & ~PCI_BAR_FLAGS;
        function_finish_sizing(function, index, progress);
        supervised_store(&progress->bar_bytes, ~bits + UINT64_C(1));
    }
    return progress->bar_bytes;
}
