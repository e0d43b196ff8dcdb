/* Message-signalled interrupts of a PCI function (PCI 3.0, 6.8.1). */
#ifndef MSI_H
#define MSI_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Allocate one of our vectors and have the function whose configuration page is
 * mapped at `config` use it; false if it has no MSI or there is no vector.
 */
bool msi_enable(volatile uint8_t *config, uint64_t config_physical, uint8_t *vector);

#endif
