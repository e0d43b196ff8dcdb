/*
 * What the C files of the virtual CPU share. Every field of these structures is
 * eight bytes, because Python sees them as views of 64-bit words (vcpu.py).
 */
#ifndef HW_VCPU_H
#define HW_VCPU_H

#include <stdbool.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#include "events.h"

/* What Python calls; everything else is hidden in the library. */
#define EXPORT __attribute__((visibility("default")))

enum {
    FRAME_SHIFT = 12,
    FRAME_BYTES = 4096,
    ENGINES_MAX = 16,
    ENGINES_PER_CPU_MAX = 4,
    WINDOWS_MAX = 8,
    EXITS_MAX = 64,
    SUSPECTS_MAX = 32,
    HISTORY_MAX = 16,
    WALKED_MAX = 8
};
enum { TCG_BUFFER_BYTES = 32 << 20 };
enum { SLOW_VECTOR = 0x69 };

/* What must go of a TLB: nothing (0), all, or one page (its address and ONE_PAGE). */
enum { EVERY_PAGE = 1, ONE_PAGE = 2 };

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
    uint64_t id; /* what events call it */
    struct {
        uint64_t cookie, arguments[5], pc, result;
    } calls[HISTORY_MAX];
    uint64_t own; /* what its context does not have, where there is something */
    struct {
        uint64_t page; /* and 1, so that none is 0 */
        uint64_t *leaf;
    } walked[WALKED_MAX]; /* where the entries of its last pages are (mmu.c) */
};

/* Shared by all engines of a machine; every field is 8 bytes, as Python sees it. */
struct board {
    uint8_t *ram;     /* what physical address 0 would be */
    uint64_t ram_end; /* of what programs and devices may see */
    uint64_t frame_count;
    struct frame *frames;
    uint64_t engines_per_cpu;
    struct engine *engines[ENGINES_MAX];
    struct engine *running; /* in emu_start now */
    mmio_read_t mmio_read;
    mmio_write_t mmio_write;
    uint64_t flips, invalidations, slow_frames, suspects;
    uint64_t slow_value; /* does int 0x69 return the value half too? */
    struct events *events; /* NULL: nothing is recorded */
    uint64_t flush_root;   /* arguments of board_flush */
    uint64_t ram_begin;
    uint64_t architecture; /* its number in architectures[] */
    uint64_t flush_page;
};

struct engine {
    uc_engine *uc; /* NULL until it is needed */
    struct vcpu *cpu;
    uint64_t slot;         /* its number among the CPU's */
    uint64_t bit;          /* its bit in struct frame */
    struct thread *loaded; /* whose registers it has */
    uc_context *template;  /* registers of a thread that has not run yet */
    uc_context *spare;     /* the architecture's own */
    uint64_t reserved;     /* likewise */
    uint64_t used;         /* the CPU's count of switches when it was used last */
    uint64_t exit_count, exits[EXITS_MAX];
    void *inner; /* what QEMU calls its CPU, if that is known (tlb.c) */
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
    /* by engine: the address space that its TLB has entries of, and what of it must go */
    uint64_t roots[ENGINES_PER_CPU_MAX], flush[ENGINES_PER_CPU_MAX];
    uint64_t calls; /* how many it made */
    uint64_t code;  /* time spent in code */
    /* time, in picoseconds */
    uint64_t now, limit, per_byte, per_mmio, per_trap;
    /* why it stopped */
    uint64_t trap, number, fault_page, fault_access, error;
    uint64_t cookie, arguments[5], pc, sp;
    uint64_t turned, turn_count; /* has it turned to `thread` since it ran last; how often */
    uint64_t blocked, ran;       /* events: why the thread waits that ran last; its id */
    /* its own */
    struct engine *engine; /* that runs, or ran last */
    uint64_t root;         /* of what it runs */
    uint64_t block, block_bytes, resume_limit, identity, flip_frame, fills;
    uint64_t code_begin; /* when this run's code began */
    uint64_t ran_until;
    uint64_t answering;  /* the last trap was a call and nothing has run since */
    uint64_t switches, window_count;
    const struct arch *arch;
    struct window windows[WINDOWS_MAX];
    struct engine engines[ENGINES_PER_CPU_MAX];
};

/* Does a frame hold RAM? */
static inline bool is_memory(const struct board *board, uint64_t frame)
{
    return frame < board->frame_count && frame >= board->ram_begin >> FRAME_SHIFT;
}

/* vcpu.c */
void suspend_guard(void);
void resume_guard(void);

/* traps.c */
int add_trap_hooks(struct vcpu *cpu, uc_engine *uc);
bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                 void *data);
int map_window(uc_engine *uc, struct window *window);
void kick(struct vcpu *cpu);

/* mmu.c */
bool fill(uc_engine *uc, uint64_t page, uc_mem_type access, uc_tlb_entry *entry, void *data);
void do_flip(struct vcpu *cpu, uint64_t last[3]);
void invalidate(struct vcpu *cpu, uint64_t frame);

/* tlb.c */
void find_inner_cpu(struct engine *engine);
void flush_tlb(struct vcpu *cpu);
void flush_stale(struct vcpu *cpu);

/* engine.c */
void load_thread(struct vcpu *cpu, struct thread *thread);

#endif
