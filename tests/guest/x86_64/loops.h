/* Loops of one block each, to time: the same code as toolchain/bench/bare.py runs. */
#ifndef LOOPS_H
#define LOOPS_H

#include <stdint.h>

static void loop_short(uint64_t count)
{
    __asm__ volatile("1: dec %0\n jnz 1b" : "+r"(count));
}

static void loop_long(uint64_t count)
{
    __asm__ volatile("1: add $1, %%rax\n xor %%rax, %%rdx\n add $3, %%rcx\n xor %%rcx, %%rsi\n"
                     "add %%rdx, %%rax\n add %%rsi, %%rcx\n rol $3, %%rax\n add $5, %%rdx\n"
                     "xor %%rdx, %%rsi\n add %%rax, %%rdx\n add $7, %%rsi\n dec %0\n jnz 1b"
                     : "+D"(count)
                     :
                     : "rax", "rdx", "rcx", "rsi");
}

#endif
