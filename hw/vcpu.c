/*
 * One simulated CPU: Unicorn engines that run user code until it traps.
 *
 * The MMU is ours (mmu.c). Time is picoseconds of executed code, charged per block
 * before it runs, so preemption is exact and repeatable. Everything else is
 * Python's (vcpu.py): it fills the first half of struct vcpu, calls vcpu_run() and
 * reads the second.
 *
 * A CPU has one engine or several, each with an address space of its own in its TLB
 * and a thread in its registers: an engine is what costs time to turn around (a
 * flush, its refills, a cold jump cache), so a process that comes back finds its
 * engine as it left it (engine.c). Only one engine of a board runs at a time.
 *
 * Guests are hostile: what could take the host along is stopped before it is
 * translated (locked.c), or ends in the signal guard here, and the caller replaces
 * the engine.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "arch/arch.h"

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

EXPORT void vcpu_install_guard(void)
{
    for (unsigned i = 0; i < sizeof guarded_signals / sizeof *guarded_signals; i++) {
        struct sigaction action = { .sa_sigaction = on_signal,
                                    .sa_flags = SA_SIGINFO | SA_NODEFER };
        sigaction(guarded_signals[i], &action, &previous_actions[guarded_signals[i]]);
    }
}

/* Python is about to run below us: no jump may pass over it. */
void suspend_guard(void)
{
    guarded = 0;
}

void resume_guard(void)
{
    guarded = 1;
}

/* ---- running ---- */

/* Note in the stream of events what this thread did. */
static void record_at(const struct vcpu *cpu, enum event_kind kind, uint64_t time, uint64_t thread,
                      const uint64_t *fields, uint64_t count)
{
    struct trap_record *record = add_trap(cpu->board->events);
    if (record) {
        record->words[0] = kind;
        record->words[1] = time;
        record->words[2] = thread;
        memcpy(&record->words[3], fields, count * sizeof *fields);
    }
}

static void record(const struct vcpu *cpu, enum event_kind kind, const uint64_t *fields,
                   uint64_t count)
{
    record_at(cpu, kind, cpu->now, cpu->thread->id, fields, count);
}

/* A call's result; its value not if it came by a path that loses it (anos-abi 1.2). */
static void answer(struct vcpu *cpu, struct thread *thread, uint64_t type, uint64_t value)
{
    uc_reg_write(cpu->engine->uc, cpu->arch->result_type, &type);
    if (!thread->slow || cpu->board->slow_value) {
        uc_reg_write(cpu->engine->uc, cpu->arch->result_value, &value);
    }
    thread->calls[(thread->call_count - 1) % HISTORY_MAX].result = type;
    if (cpu->board->events) {
        record(cpu, RESULT, (uint64_t[]){ type, value }, 2);
    }
}

static void prepare(struct vcpu *cpu)
{
    struct thread *thread = cpu->thread;
    if (cpu->board->events) {
        pack_if_many(cpu->board->events);
        if (cpu->blocked) {
            record_at(cpu, BLOCK, cpu->ran_until, cpu->ran, &cpu->blocked, 1);
        }
        if (cpu->turned) {
            record(cpu, SWITCH, &cpu->id, 0);
        }
    }
    cpu->turn_count += cpu->turned;
    cpu->turned = cpu->blocked = 0;
    if (thread != cpu->engine->loaded) {
        load_thread(cpu, thread);
    }
    if (cpu->flush[cpu->engine->slot]) {
        flush_stale(cpu);
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
    const struct arch *arch = cpu->arch;
    uint64_t last[3] = { ~0ull, ~0ull, 0 };
    uint64_t status[2] = { 0 };
    void *values[TRAP_REGISTERS_MAX] = { &cpu->cookie,
                       &cpu->arguments[0],
                       &cpu->arguments[1],
                       &cpu->arguments[2],
                       &cpu->arguments[3],
                       &cpu->arguments[4],
                       &cpu->pc,
                       &cpu->sp,
                       &status[0],
                       &status[1] };
    for (;;) {
        uc_reg_read(engine, arch->pc, &cpu->pc);
        cpu->trap = NONE;
        cpu->block = 0;
        cpu->error = uc_emu_start(engine, cpu->pc, 0, 0, 0);
        if (cpu->trap == BUDGET && cpu->flush[cpu->engine->slot] && cpu->resume_limit) {
            cpu->limit = cpu->resume_limit;
            cpu->resume_limit = 0;
            flush_stale(cpu);
            continue;
        }
        if (cpu->error != UC_ERR_EXCEPTION && (cpu->trap == PAGE_FAULT || cpu->trap == FLIP)) {
            cpu->trap = NONE; /* a look-up of the engine's own, not the program's */
        }
        if (cpu->trap == NONE && cpu->error == UC_ERR_OK && cpu->block &&
            !cpu->engine->exit_count) { /* an instruction that waits: no more than a pause */
            uc_reg_read(engine, arch->pc, &cpu->pc);
            cpu->now -= (cpu->block + cpu->block_bytes - cpu->pc) * cpu->per_byte;
            continue;
        }
        if (cpu->trap == FLIP) {
            uc_reg_read(engine, arch->pc, &cpu->pc);
            do_flip(cpu, last);
            continue;
        }
        if (cpu->trap == NONE && cpu->engine->exit_count) {
            uc_reg_read(engine, arch->pc, &cpu->pc);
            if (arch->is_at_exit(cpu)) {
                cpu->trap = ILLEGAL;
                cpu->number = arch->illegal;
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
    uc_reg_read_batch(engine, arch->trap_registers, values, arch->trap_register_count);
    if (arch->has_escaped(status)) {
        cpu->trap = ESCAPE;
        return;
    }
    if (arch->correct_pc) {
        arch->correct_pc(cpu);
    }
    if (cpu->trap == BUDGET && arch->was_preempted) {
        arch->was_preempted(cpu);
    }
    if (cpu->trap == PAGE_FAULT && cpu->fault_access == UC_MEM_FETCH &&
        cpu->fault_page + FRAME_BYTES == cpu->pc) {
        cpu->trap = ILLEGAL; /* an undecodable instruction ends before its page, for the engine */
        cpu->number = arch->illegal;
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
EXPORT void vcpu_run(struct vcpu *cpu)
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
        if (cpu->board->events) {
            record(cpu, CALL, &cpu->cookie, 6); /* cookie and arguments */
        }
    } else {
        cpu->cookie = 0;
        if (cpu->trap == PAGE_FAULT) {
            cpu->now += cpu->per_trap;
        }
    }
    cpu->thread->time += cpu->now - begin;
    cpu->ran = cpu->thread->id;
    cpu->ran_until = cpu->now;
}

/* An event was scheduled earlier than this CPU's limit: stop there. */
EXPORT void vcpu_lower_limit(struct vcpu *cpu, uint64_t limit)
{
    uint64_t *where = cpu->resume_limit ? &cpu->resume_limit : &cpu->limit;
    if (limit < *where) {
        *where = limit;
    }
}
