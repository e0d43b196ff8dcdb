/*
 * musl's system calls become calls of libanos.
 * This file stands before musl's own of the same name on the include path.
 *
 * Nearly every call's number is a constant, so that each object of musl refers to the few
 * functions that it needs, and the linker takes no others out of libanos. A number that is
 * not known before the call goes to __anos_syscall, which refers to all of them.
 */
#include <sys/syscall.h>

#include "system_calls.h"

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

__attribute__((__visibility__("hidden"))) long __anos_syscall(long, long, long, long, long, long);

#define ANOS_SYSCALL static inline __attribute__((__always_inline__)) long

ANOS_SYSCALL __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    (void)f;
    if (__builtin_constant_p(n)) {
        return __anos_call(n, a, b, c, d, e);
    }
    return __anos_syscall(n, a, b, c, d, e);
}

ANOS_SYSCALL __syscall0(long n)
{
    return __syscall6(n, 0, 0, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall1(long n, long a)
{
    return __syscall6(n, a, 0, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall2(long n, long a, long b)
{
    return __syscall6(n, a, b, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall3(long n, long a, long b, long c)
{
    return __syscall6(n, a, b, c, 0, 0, 0);
}

ANOS_SYSCALL __syscall4(long n, long a, long b, long c, long d)
{
    return __syscall6(n, a, b, c, d, 0, 0);
}

ANOS_SYSCALL __syscall5(long n, long a, long b, long c, long d, long e)
{
    return __syscall6(n, a, b, c, d, e, 0);
}
