/* What is said otherwise for each processor. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Between what a device will read and the register that tells it to. */
#define DEVICE_FENCE() __asm__ volatile("fence rw, rw\n fence w, o" ::: "memory")

/* A call leaves nothing on the stack of a function, but it is aligned to 16 bytes. */
enum { ENTRY_BYTES = 16 };

#define KEEP_IN_A_REGISTER(number) __asm__ volatile("" : "+f"(number))

/* The longest number that the processor computes with, and steps that it can tell apart. */
typedef double fine_float;
enum { FINE_BITS = 50 };

static inline void copy_bytes(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
}
