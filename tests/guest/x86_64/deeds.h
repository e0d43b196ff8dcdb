/*
 * What no program may do on x86-64, one instruction each. For hostile.c, which
 * defines DEED and run_bytes.
 */
#ifndef DEEDS_H
#define DEEDS_H

static const uint8_t locked_bit_test[] = {0xf0, 0x0f, 0xab,
    0xe3}; /* aborts the engine's translator */

#define ASM(name, text) DEED(name, __asm__ volatile(text ::: "rax", "rcx", "rdx", "memory"))

ASM(lock_bts, "nop\n .byte 0xf0, 0x0f, 0xab, 0xe3")
DEED(lock_bts_first, run_bytes(AREA, locked_bit_test, 4))
DEED(lock_bts_across, run_bytes(AREA + PAGE - 2, locked_bit_test, 4))
ASM(hlt, "hlt")
ASM(cli, "cli")
ASM(in, "in $0x60, %%al")
ASM(out, "out %%al, $0x61")
ASM(ud2, "ud2")
ASM(divide, "xor %%ecx, %%ecx\n div %%ecx")
ASM(breakpoint, "int3")
ASM(breakpoint_long, ".byte 0xcd, 3")
ASM(overflow, "int $4")
ASM(overflow_test, ".byte 0xce")
ASM(interrupt, "int $0x80")
ASM(interrupt_0, "int $0")
ASM(interrupt_1, "int $1")
ASM(interrupt_6, "int $6")
ASM(interrupt_13, "int $13")
ASM(interrupt_14, "int $14")
ASM(x87, "push $0x37b\n fldcw (%%rsp)\n fld1\n fldz\n fdivrp\n fwait")
ASM(divide_overflow, "mov $1, %%edx\n xor %%eax, %%eax\n mov $1, %%ecx\n div %%ecx")
ASM(load_segment, "mov $0x10, %%eax\n mov %%eax, %%ds")
ASM(far_return, "push $8\n push $0\n lretq")
ASM(system_return, "sysretq")
ASM(read_cr, "mov %%cr0, %%rax")
ASM(string_in, "mov $0x62, %%edx\n mov %%rsp, %%rdi\n insb")
ASM(write_msr, "wrmsr")
ASM(load_idt, "lidt (%%rsp)")
ASM(vm86, "sub $64, %%rsp\n movl $0x100, (%%rsp)\n movl $0, 4(%%rsp)\n movl $0x20202, 8(%%rsp)\n"
          "movl $0x100, 12(%%rsp)\n movl $0, 16(%%rsp)\n iretl")
ASM(trap_flag, "pushfq\n orl $0x100, (%%rsp)\n popfq\n nop")
ASM(jumps_to_itself, "1: jmp 1b")
ASM(spins, "1: inc %%rax\n jmp 1b")

#define MACHINE_DEEDS(D)                                                                           \
    D(lock_bts), D(lock_bts_first), D(lock_bts_across), D(hlt), D(cli), D(in), D(out), D(ud2),     \
    D(divide), D(breakpoint), D(breakpoint_long), D(overflow), D(overflow_test), D(interrupt),     \
    D(interrupt_0), D(interrupt_1), D(interrupt_6), D(interrupt_13), D(interrupt_14), D(x87),      \
    D(divide_overflow), D(load_segment), D(far_return), D(system_return), D(read_cr),              \
    D(string_in), D(write_msr), D(load_idt), D(vm86), D(trap_flag),

#endif
