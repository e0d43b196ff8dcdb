/*
 * Every pointer argument of every call, with addresses at the edges of what a
 * program has. A refused call has changed nothing.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define READ_ONLY (AREA + 0x10000 + PAGE)

enum kind { READS = 1, WRITES = 2, OPTIONAL = 4 };

static uint64_t channel;
static uint64_t words[8];

static const struct address {
    const char *name;
    uint64_t address;
    bool for_text; /* wrong for a text, too */
} addresses[] = {
    {"address 0", 0, true},
    {"address 1", 1, true},
    {"unmapped", (uint64_t)NOWHERE, true},
    {"unmapped and unaligned", (uint64_t)NOWHERE + 0xfff, true},
    {"unmapped behind a mapped page", AREA + PAGE - 2, false},
    {"the last user page", ANOS_USER_END - PAGE, true},
    {"the last user byte", ANOS_USER_END - 1, true},
    {"2^47", ANOS_USER_END, true},
    {"the hole", UINT64_C(0x900000000000), true},
    {"2^63", UINT64_C(1) << 63, true},
    {"2^63 - 1", (UINT64_C(1) << 63) - 1, true},
    {"the kernel's first byte", ANOS_KERNEL_BEGIN, true},
    {"below the kernel", ANOS_KERNEL_BEGIN - 1, true},
    {"wraps around", -UINT64_C(8), true},
    {"all ones", -UINT64_C(1), true},
    {"read-only", READ_ONLY, false},
    {"read-only behind writable", READ_ONLY - 2, false},
};

static void try_call(int id, unsigned position, const char *what, enum kind kind, int64_t type,
                     const uint64_t *arguments)
{
    const uint64_t before = free_memory();
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const struct address *const bad = &addresses[i];
        if ((kind & OPTIONAL && bad->address == 0) || (kind & READS && !bad->for_text)) {
            continue;
        }
        uint64_t a[4] = {arguments[0], arguments[1], arguments[2], arguments[3]};
        a[position] = bad->address;
        char name[100];
        snprintf(name, sizeof name, "1.8/%d %s: %s is refused", id, what, bad->name);
        is(name, raw_call(false, __syscall_capabilities[id], a[0], a[1], a[2], a[3]), type);
    }
    char name[100];
    snprintf(name, sizeof name, "1.8/%d %s: nothing has changed", id, what);
    check(free_memory() == before && *(uint16_t *)(AREA + PAGE - 2) == 0
              && *(uint16_t *)(READ_ONLY - 2) == 0 && *(uint64_t *)READ_ONLY == 0, name, "memory");
}

int main(void)
{
    channel = anos_create_channel().value;
    anos_map_virtual(PAGE, AREA, RW);
    anos_map_virtual(PAGE, READ_ONLY - PAGE, RW);
    anos_map_virtual(PAGE, READ_ONLY, ANOS_MAP_READ);
    *(volatile uint64_t *)AREA = 1; /* these two have frames of their own, */
    *(volatile uint64_t *)(READ_ONLY - PAGE) = 1;
    gives("1.8/7 a page", anos_map_virtual(PAGE, AREA + MIB, RW), AREA + MIB);
    is("1.8/17 a page", anos_unmap_virtual(PAGE, AREA + MIB), ANOS_OK); /* and so has printing */
    uint64_t msi;
    uint32_t data;
    const uint64_t vector = anos_alloc_interrupt_vector(0, &msi, &data).value;
    const uint64_t word = (uint64_t)words;

    try_call(4, 0, "information", WRITES, ANOS_BADARGS, (uint64_t[4]){0});
    try_call(6, 0, "parameters", READS, ANOS_BADARGS, (uint64_t[4]){0});
    try_call(9, 1, "tag", WRITES | OPTIONAL, ANOS_BADARGS, (uint64_t[4]){channel, 0, word, 0});
    try_call(9, 2, "size", WRITES | OPTIONAL, ANOS_BADARGS, (uint64_t[4]){channel, word, 0, 0});
    try_call(13, 1, "name", READS, ANOS_BADARGS, (uint64_t[4]){channel});
    try_call(14, 0, "name", READS, ANOS_BADARGS, (uint64_t[4]){0});
    try_call(15, 0, "name", READS, ANOS_BAD_NAME, (uint64_t[4]){0});
    const int64_t refused = has_devices() ? ANOS_BADARGS : ANOS_NOT_IMPL;
    try_call(20, 0, "root pointer", WRITES, refused, (uint64_t[4]){0});
    try_call(23, 1, "address", WRITES, refused, (uint64_t[4]){0, 0, word, 0});
    try_call(23, 2, "data", WRITES, refused, (uint64_t[4]){0, word, 0, 0});
    try_call(24, 1, "event", WRITES | OPTIONAL, ANOS_BADARGS, (uint64_t[4]){vector});
    anos_kprint("something to read\n");
    try_call(25, 0, "buffer", WRITES, ANOS_BADARGS, (uint64_t[4]){0, 16});
    try_call(26, 0, "information", WRITES, ANOS_BADARGS, (uint64_t[4]){0});

    is("1.8/20 refusals do not use it up", anos_map_firmware_tables((void *)(AREA + 64)),
       has_devices() ? ANOS_OK : ANOS_NOT_IMPL);
    struct anos_framebuffer screen;
    is("1.8/26 a good pointer", anos_get_framebuffer_phys(&screen), ANOS_OK);
    CHECK("1.8/23 refusals take no vector", !has_devices() ||
          anos_alloc_interrupt_vector(0, &msi, &data).value == vector + 1);
    for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        char name[100];
        snprintf(name, sizeof name, "1.8/1 %s is OK", addresses[i].name);
        if (addresses[i].for_text) {
            gives(name, anos_kprint((char *)addresses[i].address), 0);
        }
    }
    return finish();
}
