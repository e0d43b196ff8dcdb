/*
 * One simulated CPU: a Unicorn engine that runs user code until it traps.
 *
 * The MMU is ours (UC_TLB_VIRTUAL): fill() walks four-level page tables in guest
 * RAM. Time is picoseconds of executed code, charged per block before it runs, so
 * preemption is exact and repeatable. Everything else is Python's (vcpu.py): it
 * fills the first half of struct vcpu, calls vcpu_run() and reads the second.
 *
 * A CPU has one engine or several, each with an address space of its own in its TLB
 * and a thread in its registers: an engine is what costs time to turn around (a
 * flush, its refills, a cold jump cache), so a process that comes back finds its
 * engine as it left it. Only one engine of a board runs at a time.
 *
 * A frame is code or data, never both at once on the fast path. For each frame
 * and engine three bits say what the engine may hold of it: X current
 * translations, S stale and unreachable ones, W writable TLB entries. Always:
 *   - if an engine holds a live W entry of a frame, X is empty or only that
 *     engine's, and its entry is executable too, which makes stores slow and exact;
 *   - translations that can be reached are current.
 *
 * Guests are hostile. LOCK BT* with a register operand would abort the host
 * inside the translator: code is searched for it when a frame first runs and the
 * translator stops there; what the search misses (an instruction across a page
 * boundary, one written while running) ends in the signal guard, and the caller
 * replaces the engine.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
    FRAME_SHIFT = 12,
    FRAME_BYTES = 4096,
    ENGINES_MAX = 16,
    ENGINES_PER_CPU_MAX = 4,
    WINDOWS_MAX = 8,
    EXITS_MAX = 64,
    SUSPECTS_MAX = 32,
    HISTORY_MAX = 16
};
enum {
    BOOT_PAGE = 0x1000,
    BOOT_CODE = 0x1800,
    BOOT_LANDING = 0x1000010,
    CPU_MODEL = 17 /* SandyBridge: no RDRAND */
};
enum { TCG_BUFFER_BYTES = 32 << 20 };
enum { PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20 }; /* of a page-table entry */
enum { USER_CS = 0x23, EFLAGS_VM = 1 << 17, SLOW_VECTOR = 0x69 };

/* Why vcpu_run came back; vcpu.py has the same list. */
enum trap {
    NONE,
    SYSCALL,
    BUDGET,
    EXCEPTION,
    ILLEGAL,
    BUS_ERROR,
    PAGE_FAULT,
    FLIP,
    PORT_IO,
    ESCAPE,
    CRASH
};

/* What each engine may hold of a frame: one bit per engine. `slow`: a store hook covers it. */
struct frame {
    uint16_t writable, executable, stale, slow;
};

typedef uint64_t (*mmio_read_t)(uint64_t cpu, uint64_t address, uint64_t size);
typedef void (*mmio_write_t)(uint64_t cpu, uint64_t address, uint64_t size, uint64_t value);

/*
 * What a CPU needs of a thread. Its registers are in the engine that `loaded_on`
 * names or, if that is 0, in `context`; one that never ran has `entry` and
 * `stack_pointer` instead. The last calls are kept for the report of its death.
 */
struct thread {
    uc_context *context;
    struct engine *loaded_on;
    uint64_t fresh, entry, stack_pointer, root;
    uint64_t result_set, result_type, result_value; /* of a call that blocked */
    uint64_t time;                                  /* picoseconds that it has run */
    uint64_t slow;                                  /* its last call came by int 0x69 */
    uint64_t call_count;
    struct {
        uint64_t cookie, arguments[5], pc, result;
    } calls[HISTORY_MAX];
};

/* Shared by all engines of a machine; every field is 8 bytes, as Python sees it. */
struct board {
    uint8_t *ram;
    uint64_t ram_bytes; /* that programs and devices may see */
    uint64_t frame_count;
    struct frame *frames;
    uint64_t engines_per_cpu;
    struct engine *engines[ENGINES_MAX];
    struct engine *running; /* in emu_start now */
    mmio_read_t mmio_read;
    mmio_write_t mmio_write;
    uint64_t flips, invalidations, slow_frames, suspects;
    uint64_t slow_value; /* does int 0x69 return the value half too? */
};

struct engine {
    uc_engine *uc; /* NULL until it is needed */
    struct vcpu *cpu;
    uint64_t slot;         /* its number among the CPU's */
    uint64_t bit;          /* its bit in struct frame */
    struct thread *loaded; /* whose registers it has */
    uc_context *template;  /* registers of a thread that has not run yet */
    uint64_t used;         /* the CPU's count of switches when it was used last */
    uint64_t exit_count, exits[EXITS_MAX];
};

/* A physical range: host memory, or devices if `host` is NULL. */
struct window {
    struct vcpu *cpu;
    uint64_t base, bytes;
    void *host;
};

struct vcpu {
    /* wiring */
    struct board *board;
    uint64_t id;
    /* what to run, and the result of its call if it goes on right after it */
    struct thread *thread;
    uint64_t result_type, result_value;
    /* by engine: the address space that its TLB has entries of, and whether they must go */
    uint64_t roots[ENGINES_PER_CPU_MAX], flush[ENGINES_PER_CPU_MAX];
    uint64_t calls; /* how many it made */
    uint64_t code;  /* time spent in code */
    /* time, in picoseconds */
    uint64_t now, limit, per_byte, per_mmio, per_trap;
    /* why it stopped */
    uint64_t trap, number, fault_page, fault_access, error;
    uint64_t cookie, arguments[5], pc, sp;
    /* its own */
    struct engine *engine; /* that runs, or ran last */
    uint64_t root;         /* of what it runs */
    uint64_t block, block_bytes, resume_limit, identity, flip_frame, fills;
    uint64_t code_begin; /* when this run's code began */
    uint64_t answering;  /* the last trap was a call and nothing has run since */
    uint64_t switches, window_count;
    struct window windows[WINDOWS_MAX];
    struct engine engines[ENGINES_PER_CPU_MAX];
};

/* ---- signal guard ---- */

static const int guarded_signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
static struct sigaction previous_actions[65];
static _Thread_local sigjmp_buf guard;
static _Thread_local volatile sig_atomic_t guarded;

static void on_signal(int number, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    if (guarded) {
        guarded = 0;
        siglongjmp(guard, number);
    }
    sigaction(number, &previous_actions[number], NULL);
    raise(number);
}

void vcpu_install_guard(void)
{
    for (unsigned i = 0; i < sizeof guarded_signals / sizeof *guarded_signals; i++) {
        struct sigaction action = { .sa_sigaction = on_signal,
                                    .sa_flags = SA_SIGINFO | SA_NODEFER };
        sigaction(guarded_signals[i], &action, &previous_actions[guarded_signals[i]]);
    }
}

/* ---- traps: the first one wins ---- */

static void stop(struct vcpu *cpu, enum trap trap, uint64_t number)
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
    stop(data, ILLEGAL, 6);
    return false;
}

static bool on_unmapped(uc_engine *engine, uc_mem_type type, uint64_t address, int size,
                        int64_t value, void *data)
{
    (void)engine, (void)size, (void)value;
    struct vcpu *cpu = data;
    stop(cpu, BUS_ERROR, 0);
    cpu->fault_page = address & ~(uint64_t)(FRAME_BYTES - 1);
    cpu->fault_access = type;
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

/* ---- devices: the callbacks are Python's, so no guard may jump over them ---- */

static uint64_t on_mmio_read(uc_engine *engine, uint64_t offset, unsigned size, void *data)
{
    (void)engine;
    const struct window *window = data;
    struct vcpu *cpu = window->cpu;
    cpu->now += cpu->per_mmio;
    cpu->code_begin += cpu->per_mmio;
    guarded = 0;
    const uint64_t value = cpu->board->mmio_read(cpu->id, window->base + offset, size);
    guarded = 1;
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
    guarded = 0;
    cpu->board->mmio_write(cpu->id, window->base + offset, size, value);
    guarded = 1;
}

/* Stop a running engine at its next block, to go on after what `resume_limit` holds back. */
static void kick(struct vcpu *cpu)
{
    if (cpu->limit) {
        cpu->resume_limit = cpu->limit;
        cpu->limit = 0;
    }
}

/* ---- the code-or-data rule ---- */

static void mark_flush(struct board *board, unsigned engines)
{
    for (; engines; engines &= engines - 1) {
        const struct engine *engine = board->engines[__builtin_ctz(engines)];
        engine->cpu->flush[engine->slot] = 1;
    }
}

/* Someone other than a vCPU stored into frames: their translations are stale now. */
void board_stored(struct board *board, uint64_t first, uint64_t count)
{
    for (uint64_t f = first; f < first + count && f < board->frame_count; f++) {
        struct frame *frame = &board->frames[f];
        const unsigned engines = frame->executable;
        if (!engines) {
            continue;
        }
        frame->stale |= engines;
        frame->executable = 0;
        mark_flush(board, engines);
        if (board->running && (engines & board->running->bit)) {
            kick(board->running->cpu);
        }
    }
}

/* Entries of an address space have changed: who may hold them in a TLB drops them before it runs.
 */
void board_flush(struct board *board, uint64_t root)
{
    for (unsigned i = 0; i < ENGINES_MAX; i++) {
        const struct engine *engine = board->engines[i];
        if (engine && engine->cpu->roots[engine->slot] == root) {
            engine->cpu->flush[engine->slot] = 1;
        }
    }
}

/* Drop an engine's translations of one frame, whatever is mapped now. Flushes its TLB. */
static void invalidate(struct vcpu *cpu, uint64_t frame)
{
    cpu->identity = 1;
    uc_ctl_flush_tlb(cpu->engine->uc);
    uc_ctl_remove_cache(cpu->engine->uc, frame << FRAME_SHIFT, (frame + 1) << FRAME_SHIFT);
    cpu->identity = 0;
    uc_ctl_flush_tlb(cpu->engine->uc);
    cpu->board->invalidations++;
}

static bool is_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
           (byte >= 0x40 && byte <= 0x4f) || (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 ||
           byte == 0xf2 || byte == 0xf3;
}

/* Is there a LOCK BT/BTS/BTR/BTC with a register operand at `at`, all of it before `end`? */
static bool is_locked_bit_test(const uint8_t *at, const uint8_t *end)
{
    bool locked = false;
    while (at < end && is_prefix(*at)) {
        locked |= *at++ == 0xf0;
    }
    if (!locked || end - at < 3 || at[0] != 0x0f || at[2] < 0xc0) {
        return false;
    }
    return at[1] == 0xa3 || at[1] == 0xab || at[1] == 0xb3 || at[1] == 0xbb ||
           (at[1] == 0xba && at[2] >= 0xe0);
}

/* Make the translator stop at every such instruction of the page. True if the list changed. */
static bool set_exits(struct vcpu *cpu, uint64_t page, uint64_t frame)
{
    const uint8_t *bytes = cpu->board->ram + (frame << FRAME_SHIFT), *end = bytes + FRAME_BYTES;
    bool changed = false;
    unsigned found = 0;
    for (const uint8_t *at = bytes; (at = memchr(at, 0xf0, end - at)) && found < SUSPECTS_MAX;
         at++) {
        if (!is_locked_bit_test(at, end)) {
            continue;
        }
        /* Not at a page's first byte: the engine looks up the byte before each exit. The guard has
         * those. */
        for (const uint8_t *start = at; start > bytes && is_prefix(*start) && found < SUSPECTS_MAX;
             start--, found++) {
            const uint64_t address = page + (start - bytes);
            bool known = false;
            for (uint64_t i = 0; i < cpu->engine->exit_count; i++) {
                known |= cpu->engine->exits[i] == address;
            }
            if (known) {
                continue;
            }
            if (cpu->engine->exit_count == EXITS_MAX) {
                cpu->engine->exit_count = 0;
            }
            cpu->engine->exits[cpu->engine->exit_count++] = address;
            changed = true;
        }
    }
    return changed;
}

/* Exits belong to one address space, as it is now: they come back when their page is fetched again.
 */
static void flush_tlb(struct vcpu *cpu)
{
    if (cpu->engine->exit_count) {
        cpu->engine->exit_count = 0;
        uc_ctl_set_exits(cpu->engine->uc, cpu->engine->exits, 0);
    }
    uc_ctl_flush_tlb(cpu->engine->uc);
    cpu->flush[cpu->engine->slot] = 0;
}

static bool is_suspect(const struct vcpu *cpu, uint64_t frame)
{
    const uint8_t *bytes = cpu->board->ram + (frame << FRAME_SHIFT), *end = bytes + FRAME_BYTES;
    for (const uint8_t *at = bytes; (at = memchr(at, 0xf0, end - at)); at++) {
        if (is_locked_bit_test(at, end)) {
            return true;
        }
    }
    return false;
}

/* ---- the MMU ---- */

/* x86-64, four levels of 4 KiB tables (SDM 3A, 4.5). Returns the leaf's permissions, 0 if there is
 * none. */
static int walk(const struct vcpu *cpu, uint64_t address, uint64_t *frame, uint64_t **leaf)
{
    uint64_t table = cpu->root;
    int permissions = UC_PROT_ALL;
    if (address >> 47) {
        return 0;
    }
    for (int shift = 39; shift >= FRAME_SHIFT; shift -= 9) {
        uint64_t *const slot = (uint64_t *)(cpu->board->ram + table) + ((address >> shift) & 511);
        const uint64_t entry = *slot;
        *leaf = slot;
        if ((entry & (PRESENT | USER)) != (PRESENT | USER)) {
            return 0;
        }
        if (!(entry & WRITABLE)) {
            permissions &= ~UC_PROT_WRITE;
        }
        if (entry >> 63) {
            permissions &= ~UC_PROT_EXEC;
        }
        table = entry & 0x000ffffffffff000ull;
    }
    *frame = table >> FRAME_SHIFT;
    return permissions;
}

/* Ask the run loop to change a frame's use on this engine and to start again. */
static bool flip(struct vcpu *cpu, uint64_t page, uint64_t frame, uc_mem_type access)
{
    if (cpu->trap == NONE || cpu->trap == BUDGET) {
        cpu->trap = FLIP;
        cpu->flip_frame = frame;
        cpu->fault_page = page;
        cpu->fault_access = access;
    }
    return false;
}

static bool fill(uc_engine *engine, uint64_t page, uc_mem_type access, uc_tlb_entry *entry,
                 void *data)
{
    (void)engine;
    struct vcpu *cpu = data;
    struct board *board = cpu->board;
    uint64_t number;
    cpu->fills++;
    if (cpu->identity) {
        entry->paddr = page;
        entry->perms = UC_PROT_ALL;
        return true;
    }
    const int wanted = access == UC_MEM_WRITE   ? UC_PROT_WRITE
                       : access == UC_MEM_FETCH ? UC_PROT_EXEC
                                                : UC_PROT_READ;
    uint64_t *leaf;
    int permissions = walk(cpu, page, &number, &leaf);
    const bool memory = permissions && number < board->frame_count;
    if (!(permissions & wanted) || (access == UC_MEM_FETCH && !memory)) {
        if (cpu->trap == NONE || cpu->trap == BUDGET) {
            cpu->trap = PAGE_FAULT;
            cpu->fault_page = page;
            cpu->fault_access = access;
        }
        return false;
    }
    *leaf |=
        ACCESSED; /* an entry without it is in no TLB: the kernel may change it without a flush */
    entry->paddr = number << FRAME_SHIFT;
    if (!memory) {
        entry->perms = permissions & ~UC_PROT_EXEC;
        return true;
    }

    struct frame *frame = &board->frames[number];
    const unsigned me = cpu->engine->bit;
    if (access == UC_MEM_FETCH) {
        if (!(frame->executable & me)) {
            mark_flush(board, frame->writable & ~me);
            frame->writable &= me;
            if (((frame->writable | frame->stale) & me) || is_suspect(cpu, number)) {
                return flip(cpu, page, number, access);
            }
            frame->executable |= me;
        } else if (board->suspects && is_suspect(cpu, number) && set_exits(cpu, page, number)) {
            return flip(cpu, page, number, access);
        }
        permissions &= ~UC_PROT_WRITE;
    } else if (access == UC_MEM_WRITE) {
        const unsigned others = frame->executable & ~me;
        frame->stale |= others;
        frame->executable &= me;
        mark_flush(board, others);
        if (!(frame->executable & me)) {
            permissions &= ~UC_PROT_EXEC;
        } else if (!(permissions & UC_PROT_EXEC) && !(frame->slow & me)) {
            return flip(cpu, page, number, access);
        }
        frame->writable |= me;
    } else if (frame->executable & me) {
        permissions &= ~UC_PROT_WRITE;
    } else {
        permissions &= ~UC_PROT_EXEC;
        if (frame->executable) {
            permissions &= ~UC_PROT_WRITE;
        } else if (permissions & UC_PROT_WRITE) {
            frame->writable |= me;
        }
    }
    entry->perms = permissions;
    return true;
}

/* ---- running ---- */

/* A program that was told to stop at its own code: is it the instruction we fear? */
static bool at_locked_bit_test(struct vcpu *cpu)
{
    uint64_t frame, *leaf;
    if (!walk(cpu, cpu->pc & ~(uint64_t)(FRAME_BYTES - 1), &frame, &leaf) ||
        frame >= cpu->board->frame_count) {
        return false;
    }
    const uint8_t *page = cpu->board->ram + (frame << FRAME_SHIFT);
    return is_locked_bit_test(page + (cpu->pc & (FRAME_BYTES - 1)), page + FRAME_BYTES);
}

/* Carry out a flip that fill() asked for. `last_*` recognise an instruction that stores into its
 * own frame. */
static void do_flip(struct vcpu *cpu, uint64_t last[3])
{
    struct frame *frame = &cpu->board->frames[cpu->flip_frame];
    const unsigned me = cpu->engine->bit;
    cpu->board->flips++;
    if (cpu->fault_access == UC_MEM_WRITE) {
        if (cpu->block) {
            cpu->now -= (cpu->block + cpu->block_bytes - cpu->pc) * cpu->per_byte;
        }
        if (cpu->pc == last[0] && cpu->flip_frame == last[1] && cpu->now == last[2]) {
            uc_hook hook;
            const uint64_t address = cpu->flip_frame << FRAME_SHIFT;
            frame->slow |= me;
            cpu->board->slow_frames++;
            uc_hook_add(cpu->engine->uc, &hook, UC_HOOK_MEM_WRITE_PROT, on_unmapped, cpu, address,
                        address + FRAME_BYTES - 1);
        } else {
            frame->stale |= frame->executable & me;
            frame->executable &= ~me;
            last[0] = cpu->pc, last[1] = cpu->flip_frame, last[2] = cpu->now;
        }
        uc_ctl_flush_tlb(cpu->engine->uc);
        return;
    }
    if (frame->stale & me) {
        invalidate(cpu, cpu->flip_frame);
        frame->stale &= ~me;
    } else {
        uc_ctl_flush_tlb(cpu->engine->uc);
    }
    frame->writable &= ~me;
    frame->executable |= me;
    if (is_suspect(cpu, cpu->flip_frame)) {
        cpu->board->suspects++;
        set_exits(cpu, cpu->fault_page, cpu->flip_frame);
        uc_ctl_set_exits(cpu->engine->uc, cpu->engine->exits, cpu->engine->exit_count);
    }
}

static const int register_ids[] = { UC_X86_REG_R9,  UC_X86_REG_RDI, UC_X86_REG_RSI,
                                    UC_X86_REG_RDX, UC_X86_REG_R10, UC_X86_REG_R8,
                                    UC_X86_REG_RIP, UC_X86_REG_RSP, UC_X86_REG_EFLAGS,
                                    UC_X86_REG_CS };

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

static int open_engine(struct engine *engine);

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

static void load(struct vcpu *cpu, struct thread *thread)
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

/* A call's result: rax, and rdx unless it came by a path that loses it (anos-abi 1.2). */
static void answer(struct vcpu *cpu, struct thread *thread, uint64_t type, uint64_t value)
{
    uc_reg_write(cpu->engine->uc, UC_X86_REG_RAX, &type);
    if (!thread->slow || cpu->board->slow_value) {
        uc_reg_write(cpu->engine->uc, UC_X86_REG_RDX, &value);
    }
    thread->calls[(thread->call_count - 1) % HISTORY_MAX].result = type;
}

static void prepare(struct vcpu *cpu)
{
    struct thread *thread = cpu->thread;
    if (thread != cpu->engine->loaded) {
        load(cpu, thread);
    }
    if (cpu->flush[cpu->engine->slot]) {
        flush_tlb(cpu);
    }
    if (thread->result_set) {
        answer(cpu, thread, thread->result_type, thread->result_value);
        thread->result_set = thread->result_type = 0;
    } else if (cpu->answering) {
        answer(cpu, thread, cpu->result_type, cpu->result_value);
        cpu->result_type = 0;
    }
    cpu->answering = 0;
}

static void run(struct vcpu *cpu)
{
    uc_engine *engine = cpu->engine->uc;
    uint64_t last[3] = { ~0ull, ~0ull, 0 };
    uint32_t cs = 0;
    uint64_t flags = 0;
    void *values[] = { &cpu->cookie,
                       &cpu->arguments[0],
                       &cpu->arguments[1],
                       &cpu->arguments[2],
                       &cpu->arguments[3],
                       &cpu->arguments[4],
                       &cpu->pc,
                       &cpu->sp,
                       &flags,
                       &cs };
    for (;;) {
        uc_reg_read(engine, UC_X86_REG_RIP, &cpu->pc);
        cpu->trap = NONE;
        cpu->block = 0;
        cpu->error = uc_emu_start(engine, cpu->pc, 0, 0, 0);
        if (cpu->trap == BUDGET && cpu->flush[cpu->engine->slot] && cpu->resume_limit) {
            cpu->limit = cpu->resume_limit;
            cpu->resume_limit = 0;
            flush_tlb(cpu);
            continue;
        }
        if (cpu->error != UC_ERR_EXCEPTION && (cpu->trap == PAGE_FAULT || cpu->trap == FLIP)) {
            cpu->trap = NONE; /* a look-up of the engine's own, not the program's */
        }
        if (cpu->trap == FLIP) {
            uc_reg_read(engine, UC_X86_REG_RIP, &cpu->pc);
            do_flip(cpu, last);
            continue;
        }
        if (cpu->trap == NONE && cpu->engine->exit_count) {
            uc_reg_read(engine, UC_X86_REG_RIP, &cpu->pc);
            if (at_locked_bit_test(cpu)) {
                cpu->trap = ILLEGAL;
                cpu->number = 6;
            } else { /* the code there has changed since */
                flush_tlb(cpu);
                uc_ctl_remove_cache(engine, cpu->pc, cpu->pc + 1);
                continue;
            }
        }
        break;
    }
    if (cpu->resume_limit) {
        cpu->limit = cpu->resume_limit;
        cpu->resume_limit = 0;
    }
    uc_reg_read_batch(engine, register_ids, values, sizeof register_ids / sizeof *register_ids);
    if (cs != USER_CS || (flags & EFLAGS_VM)) {
        cpu->trap = ESCAPE;
        return;
    }
    if (cpu->trap == NONE &&
        cpu->error != UC_ERR_OK) { /* below 4 GiB no hook tells which address it was */
        cpu->trap = BUS_ERROR;
        cpu->fault_page = cpu->pc & ~(uint64_t)(FRAME_BYTES - 1);
    }
    if (cpu->trap == PAGE_FAULT && cpu->fault_access != UC_MEM_FETCH && cpu->block) {
        cpu->now -= (cpu->block + cpu->block_bytes - cpu->pc) * cpu->per_byte;
    }
}

static void remember_call(struct vcpu *cpu)
{
    struct thread *thread = cpu->thread;
    const uint64_t slot = thread->call_count++ % HISTORY_MAX;
    thread->slow = cpu->number == SLOW_VECTOR;
    thread->calls[slot].cookie = cpu->cookie;
    memcpy(thread->calls[slot].arguments, cpu->arguments, sizeof cpu->arguments);
    thread->calls[slot].pc = cpu->pc;
    thread->calls[slot].result = 1; /* none yet: no status is 1 */
}

/* Run `thread` until it traps. `cookie` is 0 unless the trap is a call. */
void vcpu_run(struct vcpu *cpu)
{
    prepare(cpu);
    const int number = sigsetjmp(guard, 0);
    if (number) {
        cpu->board->running = NULL;
        cpu->trap = CRASH;
        cpu->number = number;
        cpu->cookie = 0;
        return;
    }
    cpu->board->running = cpu->engine;
    const uint64_t begin = cpu->code_begin = cpu->now;
    guarded = 1;
    run(cpu);
    guarded = 0;
    cpu->board->running = NULL;
    cpu->code += cpu->now - cpu->code_begin;
    if (cpu->trap == SYSCALL) {
        cpu->calls++;
        cpu->now += cpu->per_trap;
        cpu->answering = 1;
        remember_call(cpu);
    } else {
        cpu->cookie = 0;
        if (cpu->trap == PAGE_FAULT) {
            cpu->now += cpu->per_trap;
        }
    }
    cpu->thread->time += cpu->now - begin;
}

/* An event was scheduled earlier than this CPU's limit: stop there. */
void vcpu_lower_limit(struct vcpu *cpu, uint64_t limit)
{
    uint64_t *where = cpu->resume_limit ? &cpu->resume_limit : &cpu->limit;
    if (limit < *where) {
        *where = limit;
    }
}

/* ---- threads at rest ---- */

/* A thread has ended: nothing keeps its registers. */
void vcpu_forget(struct thread *thread)
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
void vcpu_set_thread_pointer(struct vcpu *cpu, uint64_t address)
{
    uc_reg_write(cpu->engine->uc, UC_X86_REG_FS_BASE, &address);
}

static const int all_registers[] = {
    UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX,    UC_X86_REG_RDX,     UC_X86_REG_RSI,
    UC_X86_REG_RDI, UC_X86_REG_RBP, UC_X86_REG_RSP,    UC_X86_REG_R8,      UC_X86_REG_R9,
    UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,    UC_X86_REG_R13,     UC_X86_REG_R14,
    UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_EFLAGS, UC_X86_REG_FS_BASE,
};
enum { REGISTERS = sizeof all_registers / sizeof *all_registers };

/* The general registers of a thread, wherever they are. -1 if it never ran. */
int vcpu_registers(struct thread *thread, uint64_t *values)
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

/* ---- power-on ---- */

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

static int add_hooks(struct vcpu *cpu, uc_engine *engine)
{
    uc_hook hook;
    int error = 0;
    error |= uc_hook_add(engine, &hook, UC_HOOK_TLB_FILL, fill, cpu, 1, 0);
    error |= uc_hook_add(engine, &hook, UC_HOOK_BLOCK, on_block, cpu, 1, 0);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN, on_syscall, cpu, 1, 0, UC_X86_INS_SYSCALL);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INTR, on_interrupt, cpu, 1, 0);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN_INVALID, on_invalid, cpu, 1, 0);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN, on_in, cpu, 1, 0, UC_X86_INS_IN);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN, on_out, cpu, 1, 0, UC_X86_INS_OUT);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN, on_rdtsc, cpu, 1, 0, UC_X86_INS_RDTSC);
    error |= uc_hook_add(engine, &hook, UC_HOOK_INSN, on_rdtsc, cpu, 1, 0, UC_X86_INS_RDTSCP);
    /* Only above 4 GiB: a hook over a frame's physical address makes every store into it slow. */
    error |= uc_hook_add(engine, &hook, UC_HOOK_MEM_INVALID, on_unmapped, cpu, 1ull << 32, ~0ull);
    return error;
}

static int map_window(uc_engine *uc, struct window *window)
{
    if (window->host) {
        return uc_mem_map_ptr(uc, window->base, window->bytes, UC_PROT_READ | UC_PROT_WRITE,
                              window->host);
    }
    return uc_mmio_map(uc, window->base, window->bytes, on_mmio_read, window, on_mmio_write,
                       window);
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
    if (uc_ctl_tlb_mode(uc, UC_TLB_VIRTUAL) || add_hooks(cpu, uc)) {
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

/* Make a CPU, with its first engine. 0, or the step that failed. */
int vcpu_open(struct vcpu *cpu)
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
int vcpu_replace(struct vcpu *cpu)
{
    close_engine(cpu->engine);
    return open_engine(cpu->engine);
}

void vcpu_close(struct vcpu *cpu)
{
    for (uint64_t slot = 0; slot < cpu->board->engines_per_cpu; slot++) {
        if (cpu->engines[slot].uc) {
            close_engine(&cpu->engines[slot]);
        }
    }
}

/* Make a physical range appear: host memory, or the board's devices if `host` is NULL. */
int vcpu_map(struct vcpu *cpu, uint64_t base, uint64_t bytes, void *host)
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
