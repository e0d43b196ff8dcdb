/*
 * RISC-V, RV64GC: ECALL, Sv48, U-mode for ever.
 *
 * The engine's counters are the host's unless the CPU is one of privileged spec 1.9, whose
 * mcounteren and scounteren (both 0) make reading them an illegal instruction. No register says
 * which spec an engine follows, so it is changed in a saved context, where MISA tells the place.
 * Reads of time, cycle and instret then come here and are answered from virtual time.
 */
#include <string.h>

#include "arch.h"

enum { VALID = 1, READABLE = 2, WRITABLE = 4, EXECUTABLE = 8, USER = 16, ACCESSED = 64 };
#define PAGE_NUMBER_MASK 0x00000fffffffffffull /* of an entry, shifted down */
enum { PAGE_NUMBER_SHIFT = 10 };
enum { USER_MODE = 0, MACHINE_MODE = 3 };
enum { MSTATUS_FS = 3 << 13 };
enum { ILLEGAL_INSTRUCTION = 2, BREAKPOINT = 3, ECALL_FROM_USER = 8 };
enum { INSTRUCTION_BYTES = 4 }; /* by so much the engine is past whatever traps */
enum { CYCLE = 0xc00, TIME = 0xc01, INSTRET = 0xc02 };
enum { PS_PER_TIME_TICK = 100000, PS_PER_CYCLE = 1000, BYTES_PER_INSTRUCTION = 4 };

/* Words of a saved context, counted from the one that is MISA. */
enum { PC_FROM_MISA = -7, RESERVED_FROM_MISA = -6, SPEC_FROM_MISA = -1, MASK_FROM_MISA = 1 };
enum { SPEC_1_9 = 0x10901, SPEC_1_10 = 0x11000, SPEC_1_11 = 0x11100 };

static const int trap_registers[] = { UC_RISCV_REG_A7, UC_RISCV_REG_A0,  UC_RISCV_REG_A1,
                                      UC_RISCV_REG_A2, UC_RISCV_REG_A3,  UC_RISCV_REG_A4,
                                      UC_RISCV_REG_PC, UC_RISCV_REG_SP,  UC_RISCV_REG_PRIV };

static const int all_registers[] = {
    UC_RISCV_REG_X1,  UC_RISCV_REG_X2,  UC_RISCV_REG_X3,  UC_RISCV_REG_X4,  UC_RISCV_REG_X5,
    UC_RISCV_REG_X6,  UC_RISCV_REG_X7,  UC_RISCV_REG_X8,  UC_RISCV_REG_X9,  UC_RISCV_REG_X10,
    UC_RISCV_REG_X11, UC_RISCV_REG_X12, UC_RISCV_REG_X13, UC_RISCV_REG_X14, UC_RISCV_REG_X15,
    UC_RISCV_REG_X16, UC_RISCV_REG_X17, UC_RISCV_REG_X18, UC_RISCV_REG_X19, UC_RISCV_REG_X20,
    UC_RISCV_REG_X21, UC_RISCV_REG_X22, UC_RISCV_REG_X23, UC_RISCV_REG_X24, UC_RISCV_REG_X25,
    UC_RISCV_REG_X26, UC_RISCV_REG_X27, UC_RISCV_REG_X28, UC_RISCV_REG_X29, UC_RISCV_REG_X30,
    UC_RISCV_REG_X31, UC_RISCV_REG_PC,
};

static bool has_escaped(const uint64_t status[2])
{
    return status[0] != USER_MODE;
}

/* ---- setting up an engine ---- */

/* Where MISA is in the words of a saved context; 0 if that is not certain. */
static size_t find_misa(uc_engine *uc, const uint64_t *words, uint64_t misa, uint64_t pc)
{
    const size_t count = uc_context_size(uc) / sizeof *words;
    size_t found = 0;
    for (size_t i = -PC_FROM_MISA; i + MASK_FROM_MISA < count; i++) {
        const uint64_t spec = words[i + SPEC_FROM_MISA];
        if (words[i] == misa && words[i + MASK_FROM_MISA] == misa &&
            words[i + PC_FROM_MISA] == pc && (spec == SPEC_1_10 || spec == SPEC_1_11)) {
            if (found) {
                return 0;
            }
            found = i;
        }
    }
    return found;
}

static int trap_counters(struct vcpu *cpu)
{
    uc_engine *uc = cpu->engine->uc;
    const uint64_t machine_mode = MACHINE_MODE, user_mode = USER_MODE, mark = 0x123456789aull;
    uint64_t misa = 0, status = 0;
    int error = uc_context_alloc(uc, &cpu->engine->spare);
    error |= uc_reg_write(uc, UC_RISCV_REG_PRIV, &machine_mode);
    error |= uc_reg_read(uc, UC_RISCV_REG_MISA, &misa);
    error |= uc_reg_read(uc, UC_RISCV_REG_MSTATUS, &status);
    status |= MSTATUS_FS;
    error |= uc_reg_write(uc, UC_RISCV_REG_MSTATUS, &status);
    error |= uc_reg_write(uc, UC_RISCV_REG_PRIV, &user_mode);
    error |= uc_reg_write(uc, UC_RISCV_REG_PC, &mark);
    error |= uc_context_save(uc, cpu->engine->spare);
    if (error) {
        return error;
    }
    uint64_t *words = (uint64_t *)cpu->engine->spare;
    const size_t at = find_misa(uc, words, misa, mark);
    if (!at) {
        return -1;
    }
    words[at + SPEC_FROM_MISA] = SPEC_1_9;
    cpu->engine->reserved = at + RESERVED_FROM_MISA;
    return uc_context_restore(uc, cpu->engine->spare);
}

static int enter_user_mode(struct vcpu *cpu)
{
    uc_engine *uc = cpu->engine->uc;
    const uint64_t zero = 0;
    int error = trap_counters(cpu);
    for (int i = 1; i < 32; i++) {
        error |= uc_reg_write(uc, UC_RISCV_REG_X0 + i, &zero);
    }
    for (int i = 0; i < 32; i++) {
        error |= uc_reg_write(uc, UC_RISCV_REG_F0 + i, &zero);
    }
    return error;
}

/* The floating-point exceptions that have occurred are in no context. */
static void unload(uc_engine *uc, struct thread *thread)
{
    uc_reg_read(uc, UC_RISCV_REG_FFLAGS, &thread->own);
}

static void load(uc_engine *uc, const struct thread *thread)
{
    uc_reg_write(uc, UC_RISCV_REG_FFLAGS, &thread->own);
}

/* A thread that lost its CPU between LR and SC has lost its reservation, too. */
static void was_preempted(struct vcpu *cpu)
{
    uc_context_save(cpu->engine->uc, cpu->engine->spare);
    uint64_t *const reserved = (uint64_t *)cpu->engine->spare + cpu->engine->reserved;
    if (*reserved != ~0ull) {
        *reserved = ~0ull;
        uc_context_restore(cpu->engine->uc, cpu->engine->spare);
    }
}

/* ---- the MMU ---- */

static int translate(uint64_t entry, uint64_t *frame)
{
    if (!(entry & VALID) || !(entry & USER) || (entry & (READABLE | WRITABLE)) == WRITABLE) {
        return 0;
    }
    *frame = entry >> PAGE_NUMBER_SHIFT & PAGE_NUMBER_MASK;
    return (entry & READABLE ? UC_PROT_READ : 0) | (entry & WRITABLE ? UC_PROT_WRITE : 0) |
           (entry & EXECUTABLE ? UC_PROT_EXEC : 0);
}

/* Sv48 (privileged spec, 12.5), leaves at the lowest level only. */
static int walk(const struct vcpu *cpu, uint64_t address, uint64_t *frame, uint64_t **leaf)
{
    uint64_t table = cpu->root, entry = 0;
    if (address >> 47) {
        return 0;
    }
    for (int shift = 39; shift >= FRAME_SHIFT; shift -= 9) {
        uint64_t *const slot = (uint64_t *)(cpu->board->ram + table) + ((address >> shift) & 511);
        entry = *slot;
        *leaf = slot;
        const bool is_leaf = entry & (READABLE | WRITABLE | EXECUTABLE);
        if (!(entry & VALID) || is_leaf != (shift == FRAME_SHIFT)) {
            return 0;
        }
        table = (entry >> PAGE_NUMBER_SHIFT & PAGE_NUMBER_MASK) << FRAME_SHIFT;
    }
    return translate(entry, frame);
}

/* The four bytes of code at `pc`; 0 if they are not all mapped. */
static uint32_t load_instruction(const struct vcpu *cpu, uint64_t pc)
{
    uint32_t instruction = 0;
    for (int half = 0; half < 2; half++) {
        const uint64_t address = pc + 2 * half;
        uint64_t frame, *leaf;
        if (!walk(cpu, address, &frame, &leaf) || !is_memory(cpu->board, frame)) {
            return 0;
        }
        uint16_t bits;
        memcpy(&bits,
               cpu->board->ram + (frame << FRAME_SHIFT) + (address & (FRAME_BYTES - 1)),
               sizeof bits);
        instruction |= (uint32_t)bits << 16 * half;
    }
    return instruction;
}

/* ---- traps ---- */

/* Answer CSRRS/CSRRC rd, counter, x0 and their immediate forms; false if it is none of them. */
static bool answer_counter(struct vcpu *cpu)
{
    uc_engine *uc = cpu->engine->uc;
    uint64_t next;
    uc_reg_read(uc, UC_RISCV_REG_PC, &next);
    const uint32_t instruction = load_instruction(cpu, next - INSTRUCTION_BYTES);
    const uint32_t counter = instruction >> 20, source = instruction >> 15 & 31;
    const uint32_t function = instruction >> 12 & 7, target = instruction >> 7 & 31;
    if ((instruction & 0x7f) != 0x73 || !(function & 2) || source || counter < CYCLE ||
        counter > INSTRET) {
        return false;
    }
    /* What follows is a block of its own: it will be charged again. */
    cpu->now -= (cpu->block + cpu->block_bytes - next) * cpu->per_byte;
    uint64_t value = cpu->now / (counter == TIME ? PS_PER_TIME_TICK : PS_PER_CYCLE);
    if (counter == INSTRET) {
        value = (cpu->code + cpu->now - cpu->code_begin) / cpu->per_byte / BYTES_PER_INSTRUCTION;
    }
    if (target) {
        uc_reg_write(uc, UC_RISCV_REG_X0 + target, &value);
    }
    return true;
}

static void on_interrupt(uc_engine *engine, uint32_t number, void *data)
{
    (void)engine;
    struct vcpu *cpu = data;
    if (number == ECALL_FROM_USER) {
        stop(cpu, SYSCALL, 0);
    } else if (number != ILLEGAL_INSTRUCTION) {
        stop(cpu, EXCEPTION, number);
    } else if (!answer_counter(cpu)) {
        stop(cpu, ILLEGAL, number);
    }
}

/* EBREAK alone comes here; an undefined instruction is an exception. */
static bool on_invalid(uc_engine *engine, void *data)
{
    (void)engine;
    stop(data, EXCEPTION, BREAKPOINT);
    return false;
}

static void correct_pc(struct vcpu *cpu)
{
    if (cpu->trap == EXCEPTION || cpu->trap == ILLEGAL) {
        cpu->pc -= cpu->number == BREAKPOINT ? 0 : INSTRUCTION_BYTES;
    }
}

static int add_hooks(struct vcpu *cpu, uc_engine *uc)
{
    uc_hook hook;
    return uc_hook_add(uc, &hook, UC_HOOK_INTR, on_interrupt, cpu, 1, 0) |
           uc_hook_add(uc, &hook, UC_HOOK_INSN_INVALID, on_invalid, cpu, 1, 0);
}

const struct arch riscv64 = {
    .engine = UC_ARCH_RISCV,
    .mode = UC_MODE_RISCV64,
    .cpu_model = UC_CPU_RISCV64_ANY,
    .pc = UC_RISCV_REG_PC,
    .stack_pointer = UC_RISCV_REG_SP,
    .thread_pointer = UC_RISCV_REG_TP,
    .result_type = UC_RISCV_REG_A0,
    .result_value = UC_RISCV_REG_A1,
    .trap_registers = trap_registers,
    .trap_register_count = sizeof trap_registers / sizeof *trap_registers,
    .registers = all_registers,
    .register_count = sizeof all_registers / sizeof *all_registers,
    .accessed = ACCESSED,
    .illegal = ILLEGAL_INSTRUCTION,
    .enter_user_mode = enter_user_mode,
    .add_hooks = add_hooks,
    .walk = walk,
    .translate = translate,
    .has_escaped = has_escaped,
    .flush_page = tlb_flush_page_riscv64,
    .correct_pc = correct_pc,
    .unload = unload,
    .load = load,
    .was_preempted = was_preempted,
};
