/* What the test programs must know of x86-64. The other folders' machine.h define the same. */
#ifndef MACHINE_H
#define MACHINE_H

#include <anos/abi.h>
#include <stdbool.h>
#include <stdint.h>

/* Is there a second way to make calls, `int 0x69` (anos-abi 1.2)? */
enum { HAS_SLOW_CALL = true };

/* The bytes of a function that returns a number below 128, and of the shortest function twice. */
#define CODE_GIVES(number) {0xb8, number, 0, 0, 0, 0xc3} /* mov $number, %eax; ret */
#define CODE_RETURNS UINT64_C(0xc3c3c3c3c3c3c3c3)

/* `name` is where a process or thread can begin: it calls `body` with the first stack pointer. */
#define STACK_ENTRY(name, body)                                                                    \
    __attribute__((naked, unused)) static void name(void)                                          \
    {                                                                                              \
        __asm__("mov %rsp, %rdi\n xor %ebp, %ebp\n and $-16, %rsp\n call " #body "\n ud2");        \
    }

/*
 * The board: configuration space, the real-time clock's page, where the first CPU's
 * interrupts are written, how many bits of that differ between CPUs, and RAM.
 */
#define CONFIG_SPACE UINT64_C(0xe0000000)
#define CLOCK_PAGE UINT64_C(0xfed00000)
#define INTERRUPT_PAGE UINT64_C(0xfee00000)
#define INTERRUPT_CPU_BITS 20
#define RAM_BEGIN UINT64_C(0)

/* Words on the stack when a C function begins: the return address. */
enum { ENTRY_WORDS = 1 };

/* Half a microsecond: as much time as 2000 bytes of code take. */
#define USE_HALF_A_MICROSECOND() __asm__ volatile(".fill 2000, 1, 0x90")

/* The call of whatever a number is the cookie of. */
static inline struct anos_result machine_call(bool slow, uint64_t cookie, uint64_t a, uint64_t b,
                                              uint64_t c, uint64_t d, uint64_t e)
{
    register uint64_t r9 __asm__("r9") = cookie;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    struct anos_result got;
    if (slow) {
        __asm__ volatile("int $0x69" : "=a"(got.type), "+d"(c), "+D"(a), "+S"(b), "+r"(r10),
                         "+r"(r8),
                         "+r"(r9)::"rcx", "r11", "memory");
    } else {
        __asm__ volatile("syscall" : "=a"(got.type), "+d"(c), "+D"(a), "+S"(b), "+r"(r10), "+r"(r8),
                         "+r"(r9)::"rcx", "r11", "memory");
    }
    got.value = c;
    return got;
}

/* The policies differ in a few rules; this is one that shows (anos-abi 1.2). */
static inline bool is_bearer(void)
{
    struct anos_mem_info info;
    return machine_call(true, __syscall_capabilities[ANOS_SYS_MEMSTATS], (uint64_t)&info, 0, 0x55,
                        0, 0).value == 0x55;
}

/* STAGE3 has calls 20 and 23 here. */
static inline bool has_devices(void)
{
    return true;
}

/* Nanoseconds of virtual time. */
static inline uint64_t now(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The second word behind the thread pointer. */
static inline uint64_t thread_word(void)
{
    uint64_t word;
    __asm__ volatile("mov %%fs:8, %0" : "=r"(word));
    return word;
}

#endif
