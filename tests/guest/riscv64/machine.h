/* What the test programs must know of RISC-V. The other folders' machine.h define the same. */
#ifndef MACHINE_H
#define MACHINE_H

#include <anos/abi.h>
#include <stdbool.h>
#include <stdint.h>

/* There is no second way to make calls (anos-abi 1.3): a slow call is a call. */
enum { HAS_SLOW_CALL = false };

/* The bytes of a function that returns a number below 128 (li a0; ret), and of the shortest one. */
#define CODE_GIVES(number) {0x13, 5, (number) << 4 & 0xff, (number) >> 4, 0x82, 0x80}
#define CODE_RETURNS UINT64_C(0x8082808280828082)

/* `name` is where a process or thread can begin: it calls `body` with the first stack pointer. */
#define STACK_ENTRY(name, body)                                                                    \
    __attribute__((naked, unused)) static void name(void)                                          \
    {                                                                                              \
        __asm__("mv a0, sp\n li fp, 0\n andi sp, sp, -16\n call " #body "\n unimp");               \
    }

/*
 * The board: configuration space, the real-time clock's page, where the first CPU's
 * interrupts are written, how many bits of that differ between CPUs, and RAM.
 */
#define CONFIG_SPACE UINT64_C(0x30000000)
#define CLOCK_PAGE UINT64_C(0x00101000)
#define INTERRUPT_PAGE UINT64_C(0x28000000)
#define INTERRUPT_CPU_BITS 16
#define RAM_BEGIN UINT64_C(0x80000000)

/* Words on the stack when a C function begins: none, but it is aligned to two. */
enum { ENTRY_WORDS = 2 };

/* Half a microsecond: as much time as 2000 bytes of code take. */
#define USE_HALF_A_MICROSECOND() __asm__ volatile(".fill 500, 4, 0x00000013")

/* The call of whatever a number is the cookie of. */
static inline struct anos_result machine_call(bool slow, uint64_t cookie, uint64_t a, uint64_t b,
                                              uint64_t c, uint64_t d, uint64_t e)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a4 __asm__("a4") = e;
    register uint64_t a7 __asm__("a7") = cookie;
    (void)slow;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
    return (struct anos_result){.type = (int64_t)a0, .value = a1};
}

/* The policies differ in a few rules; this is one that shows (anos-abi 7.1). */
static inline bool is_bearer(void)
{
    void *const nowhere = (void *)ANOS_KERNEL_BEGIN;
    return anos_alloc_interrupt_vector(0, nowhere, nowhere).type == ANOS_NOT_IMPL;
}

/* STAGE3 has no calls 20 and 23 here, and `bearer` keeps to that. */
static inline bool has_devices(void)
{
    return !is_bearer();
}

/* Nanoseconds of virtual time: `time` counts every hundred of them. */
static inline uint64_t now(void)
{
    uint64_t time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time * 100;
}

/* The second word behind the thread pointer. */
static inline uint64_t thread_word(void)
{
    uint64_t word;
    __asm__ volatile("ld %0, 8(tp)" : "=r"(word));
    return word;
}

#endif
