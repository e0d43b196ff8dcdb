/* Why a CPU stops: hooks that set its trap. The first one wins. */
#include "arch/arch.h"

void stop(struct vcpu *cpu, enum trap trap, uint64_t number)
{
    if (cpu->trap == NONE || cpu->trap == BUDGET) {
        cpu->trap = trap;
        cpu->number = number;
    }
    uc_emu_stop(cpu->engine->uc);
}

static void on_block(uc_engine *engine, uint64_t address, uint32_t bytes, void *data)
{
    struct vcpu *cpu = data;
    if (cpu->now >= cpu->limit) {
        if (cpu->trap == NONE) {
            cpu->trap = BUDGET;
        }
        uc_emu_stop(engine);
        return;
    }
    cpu->now += bytes * cpu->per_byte;
    cpu->block = address;
    cpu->block_bytes = bytes;
}

bool on_unmapped(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value,
                 void *data)
{
    (void)engine, (void)size, (void)value;
    struct vcpu *cpu = data;
    stop(cpu, BUS_ERROR, 0);
    cpu->fault_page = address & ~(uint64_t)(FRAME_BYTES - 1);
    cpu->fault_access = type;
    return false;
}

/* ---- devices: the callbacks are Python's, so no guard may jump over them ---- */

static uint64_t on_mmio_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
    (void)engine;
    const struct window *window = data;
    struct vcpu *cpu = window->cpu;
    cpu->now += cpu->per_mmio;
    cpu->code_begin += cpu->per_mmio;
    suspend_guard();
    const uint64_t value = cpu->board->mmio_read(cpu->id, window->base + offset, size);
    resume_guard();
    return value;
}

static void on_mmio_write(uc_engine *engine, uint64_t offset, unsigned size, uint64_t value,
                          void *data)
{
    (void)engine;
    const struct window *window = data;
    struct vcpu *cpu = window->cpu;
    cpu->now += cpu->per_mmio;
    cpu->code_begin += cpu->per_mmio;
    suspend_guard();
    cpu->board->mmio_write(cpu->id, window->base + offset, size, value);
    resume_guard();
}

/* Stop a running engine at its next block, to go on after what `resume_limit` holds back. */
void kick(struct vcpu *cpu)
{
    if (cpu->limit) {
        cpu->resume_limit = cpu->limit;
        cpu->limit = 0;
    }
}

int map_window(uc_engine *uc, struct window *window)
{
    if (window->host) {
        return uc_mem_map_ptr(uc, window->base, window->bytes, UC_PROT_READ | UC_PROT_WRITE,
                              window->host);
    }
    return uc_mmio_map(uc, window->base, window->bytes, on_mmio_read, window, on_mmio_write,
                       window);
}

int add_trap_hooks(struct vcpu *cpu, uc_engine *engine)
{
    uc_hook hook;
    int error = 0;
    error |= uc_hook_add(engine, &hook, UC_HOOK_TLB_FILL, fill, cpu, 1, 0);
    error |= uc_hook_add(engine, &hook, UC_HOOK_BLOCK, on_block, cpu, 1, 0);
    /* Only above RAM: a hook over a frame's physical address makes every store into it slow. */
    const uint64_t begin = cpu->board->ram_end > 1ull << 32 ? cpu->board->ram_end : 1ull << 32;
    error |= uc_hook_add(engine, &hook, UC_HOOK_MEM_INVALID, on_unmapped, cpu, begin, ~0ull);
    error |= cpu->arch->add_hooks(cpu, engine);
    return error;
}
