/* What the parts of libanos know of each other; no program includes this. */
#ifndef ANOS_INTERNAL_H
#define ANOS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "libc/system_calls.h"

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

#endif
