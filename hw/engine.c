/*
 * The engines of a CPU: opened as address spaces come, each with a thread's
 * registers and an address space's translations in it (docs/decisions/0005).
 */
#include <stdlib.h>
#include <string.h>

#include "vcpu.h"

static const int all_registers[] = {
    UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX,    UC_X86_REG_RDX,     UC_X86_REG_RSI,
    UC_X86_REG_RDI, UC_X86_REG_RBP, UC_X86_REG_RSP,    UC_X86_REG_R8,      UC_X86_REG_R9,
    UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,    UC_X86_REG_R13,     UC_X86_REG_R14,
    UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_EFLAGS, UC_X86_REG_FS_BASE,
};
enum { REGISTERS = sizeof all_registers / sizeof *all_registers };

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
    return error ? error : value == landing ? 0 : -1;
}

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

static int set_up(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    uc_engine *uc = engine->uc;
    if (uc_ctl_set_cpu_model(uc, CPU_MODEL) || uc_ctl_set_tcg_buffer_size(uc, TCG_BUFFER_BYTES)) {
        return 2;
    }
    if (uc_mem_map_ptr(uc, 0, cpu->board->ram_bytes, UC_PROT_ALL, cpu->board->ram)) {
        return 3;
    }
    if (uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL) || add_trap_hooks(cpu, uc)) {
        return 4;
    }
    if (uc_ctl_exits_enable(uc) || enter_user_mode(cpu)) {
        return 5;
    }
    if (clear_registers(uc) || uc_context_alloc(uc, &engine->template) ||
        uc_context_save(uc, engine->template)) {
        return 6;
    }
    for (uint64_t i = 0; i < cpu->window_count; i++) {
        if (map_window(uc, &cpu->windows[i])) {
            return 7;
        }
    }
    return 0;
}

/* Open an engine and bring it to ring 3, in no time. 0, or the step that failed. */
static int open_engine(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    const uint64_t now = cpu->now, limit = cpu->limit;
    if (uc_open(UC_ARCH_X86, UC_MODE_64, &engine->uc)) {
        engine->uc = NULL;
        return 1;
    }
    cpu->engine = engine;
    cpu->limit = ~0ull;
    const int step = set_up(engine);
    cpu->now = now;
    cpu->limit = limit;
    if (step) {
        uc_close(engine->uc);
        engine->uc = NULL;
    }
    return step;
}

static void close_engine(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    for (uint64_t f = 0; f < cpu->board->frame_count; f++) {
        struct frame *frame = &cpu->board->frames[f];
        frame->writable &= ~engine->bit;
        frame->executable &= ~engine->bit;
        frame->stale &= ~engine->bit;
        frame->slow &= ~engine->bit;
    }
    if (engine->loaded) {
        engine->loaded->loaded_on = NULL;
        engine->loaded = NULL;
    }
    cpu->roots[engine->slot] = engine->exit_count = engine->used = 0;
    uc_context_free(engine->template);
    uc_close(engine->uc);
    engine->uc = NULL;
}

/* Put the registers that an engine has where the thread can be loaded from elsewhere. */
static void unload(struct engine *engine)
{
    struct thread *thread = engine->loaded;
    if (thread) {
        if (!thread->context && uc_context_alloc(engine->uc, &thread->context)) {
            abort(); /* no memory on the host */
        }
        uc_context_save(engine->uc, thread->context);
        thread->loaded_on = NULL;
        engine->loaded = NULL;
    }
}

/* The engine of this CPU that has the thread's address space, or a free or new one, or the least
 * used. */
static struct engine *choose_engine(struct vcpu *cpu, const struct thread *thread)
{
    const uint64_t count = cpu->board->engines_per_cpu;
    struct engine *oldest = &cpu->engines[0];
    for (uint64_t i = 0; i < count; i++) {
        if (cpu->engines[i].uc && cpu->roots[i] == thread->root) {
            return &cpu->engines[i];
        }
    }
    for (uint64_t i = 0; i < count; i++) {
        struct engine *engine = &cpu->engines[i];
        if (!engine->uc && !open_engine(engine)) {
            return engine;
        }
        if (engine->uc && !cpu->roots[i]) {
            return engine;
        }
        if (engine->uc && engine->used < oldest->used) {
            oldest = engine;
        }
    }
    return oldest;
}

void load_thread(struct vcpu *cpu, struct thread *thread)
{
    struct engine *engine = thread->loaded_on;
    if (!engine || engine->cpu != cpu) {
        if (engine) {
            unload(engine);
        }
        engine = choose_engine(cpu, thread);
        unload(engine);
        if (thread->fresh) {
            uc_context_restore(engine->uc, engine->template);
            uc_reg_write(engine->uc, UC_X86_REG_RIP, &thread->entry);
            uc_reg_write(engine->uc, UC_X86_REG_RSP, &thread->stack_pointer);
            thread->fresh = 0;
        } else {
            uc_context_restore(engine->uc, thread->context);
        }
        thread->loaded_on = engine;
        engine->loaded = thread;
        if (cpu->roots[engine->slot] != thread->root) {
            cpu->roots[engine->slot] = thread->root;
            cpu->flush[engine->slot] = 1;
        }
    }
    cpu->engine = engine;
    cpu->root = thread->root;
    cpu->answering = 0;
    engine->used = ++cpu->switches;
}

/* Make a CPU, with its first engine. 0, or the step that failed. */
EXPORT int vcpu_open(struct vcpu *cpu)
{
    const uint64_t count = cpu->board->engines_per_cpu;
    for (uint64_t slot = 0; slot < count; slot++) {
        struct engine *engine = &cpu->engines[slot];
        const uint64_t number = cpu->id * count + slot;
        *engine = (struct engine){ .cpu = cpu, .slot = slot, .bit = 1ull << number };
        cpu->board->engines[number] = engine;
    }
    return open_engine(&cpu->engines[0]);
}

/* The engine that ran last has crashed: put a new one in its place. What it had loaded is lost. */
EXPORT int vcpu_replace(struct vcpu *cpu)
{
    close_engine(cpu->engine);
    return open_engine(cpu->engine);
}

EXPORT void vcpu_close(struct vcpu *cpu)
{
    for (uint64_t slot = 0; slot < cpu->board->engines_per_cpu; slot++) {
        if (cpu->engines[slot].uc) {
            close_engine(&cpu->engines[slot]);
        }
    }
}

/* Make a physical range appear: host memory, or the board's devices if `host` is NULL. */
EXPORT int vcpu_map(struct vcpu *cpu, uint64_t base, uint64_t bytes, void *host)
{
    if (cpu->window_count == WINDOWS_MAX) {
        return UC_ERR_NOMEM;
    }
    struct window *window = &cpu->windows[cpu->window_count++];
    *window = (struct window){ cpu, base, bytes, host };
    int error = 0;
    for (uint64_t slot = 0; slot < cpu->board->engines_per_cpu; slot++) {
        if (cpu->engines[slot].uc) {
            error |= map_window(cpu->engines[slot].uc, window);
        }
    }
    return error;
}

/* A thread has ended: nothing keeps its registers. */
EXPORT void vcpu_forget(struct thread *thread)
{
    if (thread->loaded_on) {
        thread->loaded_on->loaded = NULL;
        thread->loaded_on = NULL;
    }
    if (thread->context) {
        uc_context_free(thread->context);
        thread->context = NULL;
    }
}

/* Set the FS base of the thread whose registers the engine has. */
EXPORT void vcpu_set_thread_pointer(struct vcpu *cpu, uint64_t address)
{
    uc_reg_write(cpu->engine->uc, UC_X86_REG_FS_BASE, &address);
}

/* The general registers of a thread, wherever they are. -1 if it never ran. */
EXPORT int vcpu_registers(struct thread *thread, uint64_t *values)
{
    void *pointers[REGISTERS];
    for (int i = 0; i < REGISTERS; i++) {
        values[i] = 0;
        pointers[i] = &values[i];
    }
    if (thread->loaded_on) {
        return uc_reg_read_batch(thread->loaded_on->uc, all_registers, pointers, REGISTERS);
    }
    return thread->context
               ? uc_context_reg_read_batch(thread->context, all_registers, pointers, REGISTERS)
               : -1;
}

/* Flip one bit of a thread's register, by its place in vcpu_registers. -1 if it never ran. */
EXPORT int vcpu_flip(struct thread *thread, uint64_t number, uint64_t bit)
{
    uint64_t values[REGISTERS];
    if (number >= REGISTERS || bit > 63 || vcpu_registers(thread, values) != 0) {
        return -1;
    }
    const uint64_t value = values[number] ^ UINT64_C(1) << bit;
    return thread->loaded_on
               ? (int)uc_reg_write(thread->loaded_on->uc, all_registers[number], &value)
               : (int)uc_context_reg_write(thread->context, all_registers[number], &value);
}
