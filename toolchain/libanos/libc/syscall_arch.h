/*
 * musl's system calls become calls of one function, libanos/syscall.c.
 * This file stands before musl's own of the same name on the include path.
 */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

__attribute__((__visibility__("hidden"))) long __anos_syscall(long, long, long, long, long, long,
                                                              long);

#define ANOS_SYSCALL static inline __attribute__((__always_inline__)) long

ANOS_SYSCALL __syscall0(long n)
{
    return __anos_syscall(n, 0, 0, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall1(long n, long a)
{
    return __anos_syscall(n, a, 0, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall2(long n, long a, long b)
{
    return __anos_syscall(n, a, b, 0, 0, 0, 0);
}

ANOS_SYSCALL __syscall3(long n, long a, long b, long c)
{
    return __anos_syscall(n, a, b, c, 0, 0, 0);
}

ANOS_SYSCALL __syscall4(long n, long a, long b, long c, long d)
{
    return __anos_syscall(n, a, b, c, d, 0, 0);
}

ANOS_SYSCALL __syscall5(long n, long a, long b, long c, long d, long e)
{
    return __anos_syscall(n, a, b, c, d, e, 0);
}

ANOS_SYSCALL __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    return __anos_syscall(n, a, b, c, d, e, f);
}
