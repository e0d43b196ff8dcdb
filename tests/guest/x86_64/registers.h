/* Do registers survive a call? */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* All that a C function may count on, and two more. The cookie is that of a call. */
__attribute__((naked)) static bool registers_survive(uint64_t cookie __attribute__((unused)),
                                                     uint64_t slow __attribute__((unused)))
{
    __asm__("push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
            "mov %rdi, %r9\n xor %edi, %edi\n mov %rsp, %rbp\n"
            "mov $0x1111, %ebx\n mov $0x2222, %r12d\n mov $0x3333, %r13d\n"
            "mov $0x4444, %r14d\n mov $0x5555, %r15d\n movq %r12, %xmm3\n movq %r13, %xmm15\n"
            "test %rsi, %rsi\n jnz 1f\n syscall\n jmp 2f\n 1: int $0x69\n 2:\n"
            "xor %rsp, %rbp\n movq %xmm3, %rax\n xor %r12, %rax\n or %rax, %rbp\n"
            "movq %xmm15, %rax\n xor %r13, %rax\n or %rax, %rbp\n"
            "sub $0x1111, %rbx\n or %rbx, %rbp\n sub $0x2222, %r12\n or %r12, %rbp\n"
            "sub $0x3333, %r13\n or %r13, %rbp\n sub $0x4444, %r14\n or %r14, %rbp\n"
            "sub $0x5555, %r15\n or %r15, %rbp\n xor %eax, %eax\n test %rbp, %rbp\n sete %al\n"
            "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret");
}

#endif
