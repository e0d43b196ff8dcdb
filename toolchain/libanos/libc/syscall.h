/*
 * musl's header of this name, with one change: a call that can be cancelled is a plain call,
 * because there are no signals to cancel it with. So its number is a constant here too.
 */
#include_next <syscall.h>

#undef __syscall_cp
#define __syscall_cp(...) __syscall(__VA_ARGS__)
