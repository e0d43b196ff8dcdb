/*
 * From the root pointer to the MCFG (ACPI 6.0, 5.2).
 *
 * A table may begin anywhere in a page and be longer than one, so its header is
 * mapped first, and then as much as that says. Nothing is ever unmapped: the
 * next table is mapped over the last one.
 */
#include "acpi.h"

#include <anos/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define RSDP_BYTES 36
#define RSDP_XSDT_REVISION 2 /* the first revision that has an XSDT */
#define TABLE_BYTES_MAX 0x10000
#define ROOT_WINDOW UINT64_C(0x8040000000)
#define TABLE_WINDOW UINT64_C(0x8040100000)
#define MCFG_RESERVED_BYTES 8
#define PAGE_OFFSET (ANOS_PAGE_BYTES - 1)

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t bytes;
    uint64_t xsdt;
    uint8_t checksum_of_all;
    uint8_t reserved[3];
} __attribute__((packed));

struct table {
    char signature[4];
    uint32_t bytes; /* with this header */
    uint8_t revision;
    uint8_t checksum;
    char oem[6];
    char oem_table[8];
    uint32_t oem_revision;
    uint32_t creator;
    uint32_t creator_revision;
    uint8_t body[];
} __attribute__((packed));

_Static_assert(sizeof(struct rsdp) == RSDP_BYTES, "rsdp");
_Static_assert(sizeof(struct table) == 36, "table");

/* Map `bytes` of physical memory at a window; NULL if the kernel refuses. */
static const void *map(uint64_t physical, size_t bytes, uint64_t window)
{
    const uint64_t offset = physical & PAGE_OFFSET;
    const uint64_t mapped_bytes = (offset + bytes + PAGE_OFFSET) & ~(uint64_t)PAGE_OFFSET;
    const struct anos_result mapped =
        anos_map_physical(physical - offset, window, mapped_bytes, ANOS_MAP_READ);
    return mapped.type == ANOS_OK ? (const void *)(window + offset) : NULL;
}

static bool is_whole(const void *data, size_t bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum += ((const uint8_t *)data)[i];
    }
    return sum == 0;
}

/* Map a table if it has this signature; NULL if it has another one or is broken. */
static const struct table *map_table(uint64_t physical, const char *signature, uint64_t window)
{
    const struct table *table = map(physical, sizeof *table, window);
    if (table == NULL || memcmp(table->signature, signature, sizeof table->signature) != 0) {
        return NULL;
    }
    const size_t bytes = table->bytes;
    if (bytes >= sizeof *table && bytes <= TABLE_BYTES_MAX) {
        table = map(physical, bytes, window);
        if (table != NULL && is_whole(table, bytes)) {
            return table;
        }
    }
    printf("DEVMAN: the ACPI table %s is broken\n", signature);
    return NULL;
}

static const struct table *find_mcfg(const struct table *xsdt)
{
    const size_t count = (xsdt->bytes - sizeof *xsdt) / sizeof(uint64_t);
    for (size_t i = 0; i < count; i++) {
        uint64_t physical;
        memcpy(&physical, xsdt->body + i * sizeof physical, sizeof physical);
        const struct table *const mcfg = map_table(physical, "MCFG", TABLE_WINDOW);
        if (mcfg != NULL) {
            return mcfg;
        }
    }
    return NULL;
}

static const struct table *map_xsdt(void)
{
    static _Alignas(ANOS_PAGE_BYTES) struct rsdp rsdp;
    const struct anos_result answer = anos_map_firmware_tables(&rsdp);
    if (answer.type != ANOS_OK) {
        printf("DEVMAN: no firmware tables (error %lld)\n", (long long)answer.type);
        return NULL;
    }
    if (rsdp.revision < RSDP_XSDT_REVISION || !is_whole(&rsdp, sizeof rsdp)) {
        printf("DEVMAN: the ACPI root pointer is broken or too old\n");
        return NULL;
    }
    const struct table *const xsdt = map_table(rsdp.xsdt, "XSDT", ROOT_WINDOW);
    if (xsdt == NULL) {
        printf("DEVMAN: no list of ACPI tables (XSDT)\n");
    }
    return xsdt;
}

size_t acpi_read_mcfg(struct mcfg_entry *entries, size_t count_max)
{
    const struct table *const xsdt = map_xsdt();
    if (xsdt == NULL) {
        return 0;
    }
    const struct table *const mcfg = find_mcfg(xsdt);
    if (mcfg == NULL || mcfg->bytes < sizeof *mcfg + MCFG_RESERVED_BYTES + sizeof *entries) {
        printf("DEVMAN: no PCIe configuration space (MCFG); legacy PCI is not supported\n");
        return 0;
    }
    const size_t entries_bytes = mcfg->bytes - sizeof *mcfg - MCFG_RESERVED_BYTES;
    const size_t found = entries_bytes / sizeof *entries;
    const size_t count = found < count_max ? found : count_max;
    memcpy(entries, mcfg->body + MCFG_RESERVED_BYTES, count * sizeof *entries);
    return count;
}
