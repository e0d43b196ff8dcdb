/* System calls of musl whose number is not known before the call, as those of syscall(). */
#include "internal.h"

HIDDEN long __anos_syscall(long number, long a, long b, long c, long d, long e);

HIDDEN long __anos_syscall(long number, long a, long b, long c, long d, long e)
{
    return __anos_call(number, a, b, c, d, e);
}
