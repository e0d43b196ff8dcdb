/*
 * A function that returns a number which is part of its code: lui a0; addiw a0; ret.
 * The other folders' code.h define the same. The number is 8 bytes at offset 8 of a page.
 */
#ifndef CODE_H
#define CODE_H

#include <stdint.h>

/* What those 8 bytes are for a number. */
static inline uint64_t code_of(uint64_t number)
{
    const uint64_t upper = (number + 0x800) >> 12 & 0xfffff, lower = number & 0xfff;
    const uint64_t lui = upper << 12 | 0x537, addiw = lower << 20 | 0x5051b;
    return addiw << 32 | lui;
}

/* Write the instructions around them. */
static inline void write_code(uint64_t page)
{
    *(volatile uint32_t *)(page + 16) = 0x8067;
}

static inline uint64_t run_code(uint64_t page)
{
    __asm__ volatile("fence.i" ::: "memory"); /* this hart is to see what was written */
    return ((uint64_t (*)(void))(page + 8))();
}

#endif
