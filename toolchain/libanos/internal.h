/* What the parts of libanos know of each other; no program includes this. */
#ifndef ANOS_INTERNAL_H
#define ANOS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((__visibility__("hidden")))

/*
 * Address space that the C library may use, far above anything a program maps
 * by itself: a window for memory, and behind it one for thread stacks, each in
 * an aligned slot whose lowest word is the thread's pointer (pthread_arch.h).
 * Between that word's page and the stack is a guard, which is not mapped.
 */
#define WINDOW_BEGIN UINT64_C(0x1000000000)
#define WINDOW_END UINT64_C(0x1800000000)
#define SLOTS_BEGIN UINT64_C(0x1800000000)
#define SLOTS_END UINT64_C(0x2000000000)
#define SLOT_BYTES UINT64_C(0x800000)

/* All of these answer as Linux system calls do: a negative errno is an error. */
HIDDEN long __anos_write(int file, const char *text, size_t bytes);
HIDDEN long __anos_mmap(size_t bytes, int protection, int flags, int file, uintptr_t hint);
HIDDEN long __anos_munmap(uintptr_t address, size_t bytes);
HIDDEN long __anos_mprotect(uintptr_t address, size_t bytes, int protection);
HIDDEN long __anos_futex(volatile int *word, int operation, int value, uintptr_t more);
HIDDEN long __anos_clock_gettime(int clock, void *result);
HIDDEN long __anos_nanosleep(const void *duration);
HIDDEN _Noreturn void __anos_exit_thread(void);
HIDDEN _Noreturn void __anos_exit_process(int status);

#endif
