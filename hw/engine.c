/*
 * The engines of a CPU: opened as address spaces come, each with a thread's
 * registers and an address space's translations in it (docs/decisions/0005).
 */
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"

static int set_up(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    uc_engine *uc = engine->uc;
    if (uc_ctl_set_cpu_model(uc, cpu->arch->cpu_model) ||
        uc_ctl_set_tcg_buffer_size(uc, TCG_BUFFER_BYTES)) {
        return 2;
    }
    const uint64_t begin = cpu->board->ram_begin, bytes = cpu->board->ram_end - begin;
    if (uc_mem_map_ptr(uc, begin, bytes, UC_PROT_ALL, cpu->board->ram + begin)) {
        return 3;
    }
    if (uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL) || add_trap_hooks(cpu, uc)) {
        return 4;
    }
    if (uc_ctl_exits_enable(uc) || cpu->arch->enter_user_mode(cpu)) {
        return 5;
    }
    if (uc_context_alloc(uc, &engine->template) ||
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

/* Open an engine and bring it to user mode, in no time. 0, or the step that failed. */
static int open_engine(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    const uint64_t now = cpu->now, limit = cpu->limit;
    if (uc_open(cpu->arch->engine, cpu->arch->mode, &engine->uc)) {
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
    } else {
        find_inner_cpu(engine);
    }
    return step;
}

static void close_engine(struct engine *engine)
{
    struct vcpu *cpu = engine->cpu;
    for (uint64_t f = cpu->board->ram_begin >> FRAME_SHIFT; f < cpu->board->frame_count; f++) {
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
    if (engine->spare) {
        uc_context_free(engine->spare);
        engine->spare = NULL;
    }
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
        if (engine->cpu->arch->unload) {
            engine->cpu->arch->unload(engine->uc, thread);
        }
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
        for (int i = 0; i < WALKED_MAX; i++) {
            __builtin_prefetch(thread->walked[i].leaf); /* it will want them all */
        }
        engine = choose_engine(cpu, thread);
        unload(engine);
        if (thread->fresh) {
            uc_context_restore(engine->uc, engine->template);
            uc_reg_write(engine->uc, cpu->arch->pc, &thread->entry);
            uc_reg_write(engine->uc, cpu->arch->stack_pointer, &thread->stack_pointer);
            thread->fresh = 0;
        } else {
            uc_context_restore(engine->uc, thread->context);
        }
        if (cpu->arch->load) {
            cpu->arch->load(engine->uc, thread);
        }
        thread->loaded_on = engine;
        engine->loaded = thread;
        if (cpu->roots[engine->slot] != thread->root) {
            cpu->roots[engine->slot] = thread->root;
            cpu->flush[engine->slot] = EVERY_PAGE;
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
    cpu->arch = architectures[cpu->board->architecture];
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

/* Set the thread pointer of the thread whose registers the engine has. */
EXPORT void vcpu_set_thread_pointer(struct vcpu *cpu, uint64_t address)
{
    uc_reg_write(cpu->engine->uc, cpu->arch->thread_pointer, &address);
}

/* The general registers of a thread, wherever they are. -1 if it never ran. */
EXPORT int vcpu_registers(struct thread *thread, uint64_t architecture, uint64_t *values)
{
    const struct arch *arch = architectures[architecture];
    void *pointers[REGISTERS_MAX];
    for (int i = 0; i < arch->register_count; i++) {
        values[i] = 0;
        pointers[i] = &values[i];
    }
    if (thread->loaded_on) {
        return uc_reg_read_batch(thread->loaded_on->uc, arch->registers, pointers,
                                 arch->register_count);
    }
    return thread->context
               ? uc_context_reg_read_batch(thread->context, arch->registers, pointers,
                                           arch->register_count)
               : -1;
}

/* Flip one bit of a thread's register, by its place in vcpu_registers. -1 if it never ran. */
EXPORT int vcpu_flip(struct thread *thread, uint64_t architecture, uint64_t number, uint64_t bit)
{
    const struct arch *arch = architectures[architecture];
    uint64_t values[REGISTERS_MAX];
    if (number >= (uint64_t)arch->register_count || bit > 63 ||
        vcpu_registers(thread, architecture, values) != 0) {
        return -1;
    }
    const uint64_t value = values[number] ^ UINT64_C(1) << bit;
    return thread->loaded_on
               ? (int)uc_reg_write(thread->loaded_on->uc, arch->registers[number], &value)
               : (int)uc_context_reg_write(thread->context, arch->registers[number], &value);
}
