/* What is said otherwise for each processor. */
#pragma once

#include <stddef.h>

/* Between what a device will read and the register that tells it to. */
#define DEVICE_FENCE() __asm__ volatile("mfence" ::: "memory")

/* What a call leaves on the stack of a function: a return address. */
enum { ENTRY_BYTES = 8 };

#define KEEP_IN_A_REGISTER(number) __asm__ volatile("" : "+x"(number))

/* The longest number that the processor computes with, and steps that it can tell apart. */
typedef long double fine_float;
enum { FINE_BITS = 62 };

static inline void copy_bytes(void *to, const void *from, size_t size)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}
