/* From the ACPI root to one pcidrv per PCI segment (anos-abi 7.3, 9.2). */
#include "anos.h"
#include "libc.h"
#include "spawn.h"

enum { PCIDRV_STACK_BYTES = 0x100000, MCFG_ENTRIES_AT = 44 };
static const uint64_t xsdt_window = 0x8040000000, table_windows = 0x8040010000;
static const uint8_t pcidrv_calls[] = {1, 2, 5, 21, 7, 22, 8, 9, 10, 11, 15, 16, 23, 24, 18};

struct rsdp {
    char signature[8];
    uint8_t checksum, oem[6], revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

struct table {
    char signature[4];
    uint32_t length;
    uint8_t rest[28];
};

struct mcfg_entry {
    uint64_t base;
    uint16_t segment;
    uint8_t first_bus, last_bus;
    uint32_t reserved;
} __attribute__((packed));

/* Maps the one page a table begins in. */
static const struct table *map_table(uint64_t physical, uint64_t window)
{
    const uint64_t offset = physical & (PAGE - 1);
    const struct result mapped = anos_map_physical(physical - offset, window, PAGE, READ);
    return mapped.type == OK ? (const struct table *)(window + offset) : NULL;
}

static const struct table *find_mcfg(const struct table *xsdt)
{
    /* The pointers stand at a multiple of 4 only. */
    const uint32_t *halves = (const uint32_t *)(xsdt + 1);
    const uint32_t count = (xsdt->length - (uint32_t)sizeof *xsdt) / 8;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t physical = halves[2 * i] | (uint64_t)halves[2 * i + 1] << 32;
        const struct table *table = map_table(physical, table_windows + (uint64_t)i * 0x2000);
        if (table != NULL && memcmp(table->signature, "MCFG", 4) == 0) {
            return table;
        }
    }
    return NULL;
}

static void start_driver(const struct mcfg_entry *entry)
{
    char base[20], segment[8], first[8], last[8];
    snprintf(base, sizeof base, "%lx", entry->base);
    snprintf(segment, sizeof segment, "%u", entry->segment);
    snprintf(first, sizeof first, "%u", entry->first_bus);
    snprintf(last, sizeof last, "%u", entry->last_bus);
    const char *const argv[] = {"boot:/pcidrv.elf", base, segment, first, last};
    const int64_t pid = spawn(PCIDRV_STACK_BYTES, 5, argv, sizeof pcidrv_calls, pcidrv_calls);
    if (pid <= 0) {
        printf("devman: pcidrv could not be started: %ld\n", pid);
    }
}

void start_pci_drivers(void)
{
    struct rsdp rsdp;
    const struct result had = anos_map_firmware_tables(&rsdp);
    if (had.type != OK) {
        printf("devman: no firmware tables: %ld\n", had.type);
        return;
    }
    if (rsdp.revision < 2 || rsdp.xsdt == 0) {
        return;
    }
    const struct table *xsdt = map_table(rsdp.xsdt, xsdt_window);
    const struct table *mcfg = xsdt != NULL ? find_mcfg(xsdt) : NULL;
    if (mcfg == NULL) {
        printf("devman: no PCIe configuration; legacy PCI is not supported\n");
        return;
    }
    const uint8_t *end = (const uint8_t *)mcfg + mcfg->length;
    for (const uint8_t *at = (const uint8_t *)mcfg + MCFG_ENTRIES_AT;
         at + sizeof(struct mcfg_entry) <= end; at += sizeof(struct mcfg_entry)) {
        start_driver((const struct mcfg_entry *)at);
    }
}
