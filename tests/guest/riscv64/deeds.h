/*
 * What no program may do on RISC-V, one instruction each. For hostile.c, which
 * defines DEED and run_bytes.
 */
#ifndef DEEDS_H
#define DEEDS_H

#define ASM(name, text) DEED(name, __asm__ volatile(text ::: "t0", "memory"))

static const uint8_t no_instruction[] = {0xff, 0xff, 0xff, 0xff};

ASM(unimp, "unimp")
ASM(ones, ".word 0xffffffff")
ASM(zeros, ".half 0")
ASM(breakpoint, "ebreak")
ASM(breakpoint_short, "c.ebreak")
ASM(machine_return, "mret")
ASM(supervisor_return, "sret")
ASM(wait, "wfi")
ASM(fence_pages, "sfence.vma")
ASM(read_hart, "csrr t0, mhartid")
ASM(read_status, "csrr t0, sstatus")
ASM(write_root, "csrw satp, zero")
ASM(write_cycle, "csrw cycle, zero")
ASM(write_time, "csrw time, zero")
ASM(no_register, "csrr t0, 0x8ff")
ASM(vector, ".word 0x0c0572d7")
DEED(ones_first, run_bytes(AREA, no_instruction, 4))
DEED(ones_across, run_bytes(AREA + PAGE - 2, no_instruction, 4))
ASM(jumps_to_itself, "1: j 1b")
ASM(spins, "1: addi t0, t0, 1\n j 1b")

#define MACHINE_DEEDS(D)                                                                           \
    D(unimp), D(ones), D(zeros), D(breakpoint), D(breakpoint_short), D(machine_return),            \
    D(supervisor_return), D(wait), D(fence_pages), D(read_hart), D(read_status), D(write_root),    \
    D(write_cycle), D(write_time), D(no_register), D(vector), D(ones_first), D(ones_across),

#endif
