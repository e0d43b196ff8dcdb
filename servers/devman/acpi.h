/* ACPI tables, as far as they say where PCI's configuration space is. */
#ifndef ACPI_H
#define ACPI_H

#include <stddef.h>
#include <stdint.h>

/* One entry of the MCFG (PCI firmware specification 3.0, 4.1.2). */
struct mcfg_entry {
    uint64_t ecam_physical; /* of bus 0, even if `start_bus` is another */
    uint16_t segment;
    uint8_t start_bus;
    uint8_t end_bus;
    uint32_t reserved;
};

_Static_assert(sizeof(struct mcfg_entry) == 16, "mcfg_entry");

/*
 * Copy the MCFG's entries, at most `count_max`; returns how many. Logs what is
 * missing or broken and returns 0 then. The kernel gives the tables out once a
 * boot, so call this once.
 */
size_t acpi_read_mcfg(struct mcfg_entry *entries, size_t count_max);

#endif
