/* Loops of one block each, to time: the same code as toolchain/bench/bare.py runs. */
#ifndef LOOPS_H
#define LOOPS_H

#include <stdint.h>

static void loop_short(uint64_t count)
{
    __asm__ volatile("1: addi %0, %0, -1\n bnez %0, 1b" : "+r"(count));
}

static void loop_long(uint64_t count)
{
    __asm__ volatile("1: addi a1, a1, 1\n xor a2, a2, a1\n addi a3, a3, 3\n xor a4, a4, a3\n"
                     "add a1, a1, a2\n add a3, a3, a4\n slli a1, a1, 3\n addi a2, a2, 5\n"
                     "xor a4, a4, a2\n add a2, a2, a1\n addi a4, a4, 7\n addi %0, %0, -1\n"
                     "bnez %0, 1b"
                     : "+r"(count)
                     :
                     : "a1", "a2", "a3", "a4");
}

#endif
