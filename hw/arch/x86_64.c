/* x86-64: SYSCALL and INT 0x69, four-level paging, ring 3 for ever. */
#include <string.h>

#include "arch.h"

enum {
    BOOT_PAGE = 0x1000,
    BOOT_CODE = 0x1800,
    BOOT_LANDING = 0x1000010,
    CPU_MODEL = 17 /* SandyBridge: no RDRAND */
};
enum { PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20 }; /* of a page-table entry */
enum { USER_CS = 0x23, EFLAGS_VM = 1 << 17 };
enum { INVALID_OPCODE = 6 };

static const int trap_registers[] = { UC_X86_REG_R9,  UC_X86_REG_RDI, UC_X86_REG_RSI,
                                      UC_X86_REG_RDX, UC_X86_REG_R10, UC_X86_REG_R8,
                                      UC_X86_REG_RIP, UC_X86_REG_RSP, UC_X86_REG_EFLAGS,
                                      UC_X86_REG_CS };

static const int all_registers[] = {
    UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX,    UC_X86_REG_RDX,     UC_X86_REG_RSI,
    UC_X86_REG_RDI, UC_X86_REG_RBP, UC_X86_REG_RSP,    UC_X86_REG_R8,      UC_X86_REG_R9,
    UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,    UC_X86_REG_R13,     UC_X86_REG_R14,
    UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_EFLAGS, UC_X86_REG_FS_BASE,
};

static bool has_escaped(const uint64_t status[2])
{
    return (uint32_t)status[1] != USER_CS || (status[0] & EFLAGS_VM);
}

/* ---- setting up an engine ---- */

/* What a new thread has in its registers: zeroes, and floating point as C expects it
 * (anos-abi 3.6). */
static int clear_registers(uc_engine *engine)
{
    const uint64_t zero = 0;
    const uint32_t mxcsr = 0x1f80;
    const uint16_t x87_control = 0x37f, x87_all_empty = 0xffff;
    int error = 0;
    for (int i = 0; i < 16; i++) { /* all general registers; RIP and RSP are set at each start */
        error |= uc_reg_write(engine, all_registers[i], &zero);
    }
    error |= uc_reg_write(engine, UC_X86_REG_MXCSR, &mxcsr);
    error |= uc_reg_write(engine, UC_X86_REG_FPCW, &x87_control);
    error |= uc_reg_write(engine, UC_X86_REG_FPTAG, &x87_all_empty);
    return error;
}

/* Enter ring 3 once, by SYSRET from a boot page; afterwards no descriptor table is left to load
 * from. */
static int enter_user_mode(struct vcpu *cpu)
{
    static const uint64_t descriptors[] = { 0, 0x00af9a000000ffff, 0x00cf92000000ffff,
                                            0x00cff2000000ffff, 0x00affa000000ffff };
    static const uint8_t sysretq[] = { 0x48, 0x0f, 0x07 };
    const uint64_t landing = BOOT_LANDING, flags = 0x202, protected_mode = 0x80010033;
    const uint64_t no_exit = 0;
    uc_engine *engine = cpu->engine->uc;
    uint8_t *boot = cpu->board->ram + BOOT_PAGE;
    uint8_t kept[FRAME_BYTES];
    uint64_t value;
    memcpy(kept, boot, FRAME_BYTES);
    memcpy(boot, descriptors, sizeof descriptors);
    memcpy(cpu->board->ram + BOOT_CODE, sysretq, sizeof sysretq);

    uc_x86_mmr table = { .base = BOOT_PAGE, .limit = sizeof descriptors - 1 };
    uc_reg_write(engine, UC_X86_REG_GDTR, &table);
    uc_reg_read(engine, UC_X86_REG_CR4, &value);
    value |= 1 << 5 | 1 << 9 | 1 << 10; /* PAE, OSFXSR, OSXMMEXCPT */
    uc_reg_write(engine, UC_X86_REG_CR4, &value);
    uc_x86_msr efer = { .rid = 0xC0000080 };
    uc_reg_read(engine, UC_X86_REG_MSR, &efer);
    efer.value |= 1 << 11 | 1 << 8 | 1; /* NXE, LME, SCE */
    uc_reg_write(engine, UC_X86_REG_MSR, &efer);
    uc_reg_write(engine, UC_X86_REG_CR0, &protected_mode);
    uc_x86_msr star = { .rid = 0xC0000081, .value = 0x10ull << 48 | 0x08ull << 32 };
    uc_reg_write(engine, UC_X86_REG_MSR, &star);
    uc_reg_write(engine, UC_X86_REG_RCX, &landing);
    uc_reg_write(engine, UC_X86_REG_R11, &flags);

    cpu->identity = 1;
    uc_ctl_set_exits(engine, &landing, 1);
    const int error = uc_emu_start(engine, BOOT_CODE, 0, 0, 0);
    uc_ctl_set_exits(engine, &no_exit, 0);
    cpu->identity = 0;
    memcpy(boot, kept, FRAME_BYTES);
    invalidate(cpu, BOOT_PAGE >> FRAME_SHIFT);
    invalidate(cpu, BOOT_LANDING >> FRAME_SHIFT);

    const uc_x86_mmr none = { 0 };
    uc_reg_write(engine, UC_X86_REG_GDTR, &none);
    uc_reg_write(engine, UC_X86_REG_IDTR, &none);
    uc_reg_read(engine, UC_X86_REG_RIP, &value);
    return error ? error : value == landing ? clear_registers(engine) : -1;
}

/* ---- the MMU ---- */

static int translate(uint64_t entry, uint64_t *frame)
{
    if ((entry & (PRESENT | USER)) != (PRESENT | USER)) {
        return 0;
    }
    *frame = (entry & 0x000ffffffffff000ull) >> FRAME_SHIFT;
    return UC_PROT_READ | (entry & WRITABLE ? UC_PROT_WRITE : 0) |
           (entry >> 63 ? 0 : UC_PROT_EXEC);
}

/* Four levels of 4 KiB tables (SDM 3A, 4.5). */
static int walk(const struct vcpu *cpu, uint64_t address, uint64_t *frame, uint64_t **leaf)
{
    uint64_t table = cpu->root >> FRAME_SHIFT;
    int permissions = UC_PROT_ALL;
    if (address >> 47) {
        return 0;
    }
    for (int shift = 39; shift >= FRAME_SHIFT; shift -= 9) {
        const uint64_t *const entries = (uint64_t *)(cpu->board->ram + (table << FRAME_SHIFT));
        *leaf = (uint64_t *)entries + ((address >> shift) & 511);
        permissions &= translate(**leaf, &table);
        if (!permissions) {
            return 0;
        }
    }
    *frame = table;
    return permissions;
}

/* ---- traps ---- */

static void on_syscall(uc_engine *engine, void *data)
{
    (void)engine;
    stop(data, SYSCALL, 0);
}

static void on_interrupt(uc_engine *engine, uint32_t number, void *data)
{
    (void)engine;
    stop(data, number == SLOW_VECTOR ? SYSCALL : EXCEPTION, number);
}

static bool on_invalid(uc_engine *engine, void *data)
{
    (void)engine;
    stop(data, ILLEGAL, INVALID_OPCODE);
    return false;
}

/* The rest of the block still runs, so the place is noted here, in fault_page. */
static void on_port(struct vcpu *cpu, uint32_t port)
{
    stop(cpu, PORT_IO, port);
    if (cpu->trap == PORT_IO) {
        uc_reg_read(cpu->engine->uc, UC_X86_REG_RIP, &cpu->fault_page);
    }
}

static uint32_t on_in(uc_engine *engine, uint32_t port, int size, void *data)
{
    (void)engine, (void)size;
    on_port(data, port);
    return 0;
}

static void on_out(uc_engine *engine, uint32_t port, int size, uint32_t value, void *data)
{
    (void)engine, (void)size, (void)value;
    on_port(data, port);
}

/* The time stamp counter runs at 1 GHz of virtual time. */
static int on_rdtsc(uc_engine *engine, void *data)
{
    const uint64_t ticks = ((struct vcpu *)data)->now / 1000;
    const uint64_t low = (uint32_t)ticks, high = ticks >> 32;
    uc_reg_write(engine, UC_X86_REG_RAX, &low);
    uc_reg_write(engine, UC_X86_REG_RDX, &high);
    return 1;
}

static int add_hooks(struct vcpu *cpu, uc_engine *uc)
{
    uc_hook hook;
    int error = 0;
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN, on_syscall, cpu, 1, 0, UC_X86_INS_SYSCALL);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INTR, on_interrupt, cpu, 1, 0);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN_INVALID, on_invalid, cpu, 1, 0);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN, on_in, cpu, 1, 0, UC_X86_INS_IN);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN, on_out, cpu, 1, 0, UC_X86_INS_OUT);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN, on_rdtsc, cpu, 1, 0, UC_X86_INS_RDTSC);
    error |= uc_hook_add(uc, &hook, UC_HOOK_INSN, on_rdtsc, cpu, 1, 0, UC_X86_INS_RDTSCP);
    return error;
}

const struct arch x86_64 = {
    .engine = UC_ARCH_X86,
    .mode = UC_MODE_64,
    .cpu_model = CPU_MODEL,
    .pc = UC_X86_REG_RIP,
    .stack_pointer = UC_X86_REG_RSP,
    .thread_pointer = UC_X86_REG_FS_BASE,
    .result_type = UC_X86_REG_RAX,
    .result_value = UC_X86_REG_RDX,
    .trap_registers = trap_registers,
    .trap_register_count = sizeof trap_registers / sizeof *trap_registers,
    .registers = all_registers,
    .register_count = sizeof all_registers / sizeof *all_registers,
    .accessed = ACCESSED,
    .illegal = INVALID_OPCODE,
    .enter_user_mode = enter_user_mode,
    .add_hooks = add_hooks,
    .walk = walk,
    .translate = translate,
    .has_escaped = has_escaped,
    .flush_page = tlb_flush_page_x86_64,
    .is_suspect = is_suspect_x86_64,
    .set_exits = set_exits_x86_64,
    .is_at_exit = is_at_locked_bit_test,
};
