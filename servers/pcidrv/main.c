/*
 * pcidrv: finds what is on a range of PCI buses, registers it with DEVMAN,
 * starts the drivers that the boot config names, and ends.
 *
 *   boot:/pcidrv.elf ECAM SEGMENT START END
 *
 * ECAM is the physical address of bus 0's configuration space in hex; the
 * segment and the first and last bus are decimal (anos-abi 9.3).
 */
#include "bus.h"
#include "config.h"
#include "devman.h"
#include "pci.h"
#include "progress.h"

#include <anos/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENT_COUNT 5

static bool read_number(const char *text, int base, uint64_t max, uint64_t *number)
{
    char *end;
    *number = strtoull(text, &end, base);
    return end != text && *end == '\0' && *number <= max;
}

int main(int argc, char **argv)
{
    uint64_t ecam, segment, start, end;
    if (argc != ARGUMENT_COUNT || !read_number(argv[1], 16, ANOS_MASK64, &ecam) ||
        !read_number(argv[2], 10, UINT16_MAX, &segment) ||
        !read_number(argv[3], 10, PCI_BUSES_MAX - 1, &start) ||
        !read_number(argv[4], 10, PCI_BUSES_MAX - 1, &end) || start > end ||
        ecam % ANOS_PAGE_BYTES != 0) {
        printf("pcidrv: usage: pcidrv ECAM (hex) SEGMENT START END\n");
        return 1;
    }
    printf("pcidrv of anos-sim: segment %u, buses %u to %u\n", (unsigned)segment,
           (unsigned)start, (unsigned)end);
    progress_open();
    devman_find();
    config_read();
    const struct bus_range range = { ecam, (unsigned)start, (unsigned)end };
    const unsigned count = bus_enumerate(&range);
    printf("pcidrv: enumeration is complete, %u functions; the driver exits\n", count);
    return 0;
}
