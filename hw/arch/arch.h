/*
 * What the virtual CPU asks of an architecture. docs/porting.md says how to add one; vcpu.py
 * numbers them as architectures[] does.
 */
#ifndef HW_ARCH_H
#define HW_ARCH_H

#include "../vcpu.h"

enum { TRAP_REGISTERS_MAX = 10, REGISTERS_MAX = 40 };

struct arch {
    uc_arch engine;
    uc_mode mode;
    int cpu_model;
    int pc, stack_pointer, thread_pointer, result_type, result_value;
    /* Read at each trap: the cookie, five arguments, pc, stack pointer, and up to two more that
     * `has_escaped` looks at. */
    const int *trap_registers;
    int trap_register_count;
    /* What a report shows of a thread, in the order of its names in Python. */
    const int *registers;
    int register_count;
    uint64_t accessed; /* the bit of a page-table entry that the MMU sets */
    uint64_t illegal;  /* number of the trap of an undefined instruction */
    /* Bring a new engine to user mode, with the registers of a new thread. */
    int (*enter_user_mode)(struct vcpu *cpu);
    int (*add_hooks)(struct vcpu *cpu, uc_engine *uc);
    /* The leaf entry of a user page and its permissions (UC_PROT_*); 0 if there is none. */
    int (*walk)(const struct vcpu *cpu, uint64_t address, uint64_t *frame, uint64_t **leaf);
    /* What that leaf entry alone says. */
    int (*translate)(uint64_t entry, uint64_t *frame);
    /* The registers say that the engine has left user mode. */
    bool (*has_escaped)(const uint64_t status[2]);
    /* Each of these may be NULL. */
    void (*correct_pc)(struct vcpu *cpu);    /* make `pc` of a trap the instruction's */
    void (*unload)(uc_engine *uc, struct thread *thread); /* what a context does not have */
    void (*load)(uc_engine *uc, const struct thread *thread);
    void (*flush_page)(void *inner, uint64_t page);
    void (*was_preempted)(struct vcpu *cpu); /* its time is up, between any two instructions */
    /* Instructions that must not be translated, wherever they are in a frame. */
    bool (*is_suspect)(const struct vcpu *cpu, uint64_t frame);
    bool (*set_exits)(struct vcpu *cpu, uint64_t page, uint64_t frame);
    bool (*is_at_exit)(struct vcpu *cpu);
};

extern const struct arch x86_64, riscv64;
extern const struct arch *const architectures[];

/* QEMU's, inside Unicorn (tlb.c): drop a page from the TLB of its CPU. */
[[gnu::weak]] void tlb_flush_page_x86_64(void *inner, uint64_t page);
[[gnu::weak]] void tlb_flush_page_riscv64(void *inner, uint64_t page);

/* traps.c */
void stop(struct vcpu *cpu, enum trap trap, uint64_t number);

/* x86_64_locked.c */
bool is_suspect_x86_64(const struct vcpu *cpu, uint64_t frame);
bool set_exits_x86_64(struct vcpu *cpu, uint64_t page, uint64_t frame);
bool is_at_locked_bit_test(struct vcpu *cpu);

#endif
