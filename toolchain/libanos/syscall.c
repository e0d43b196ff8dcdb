/*
 * The C library's system calls, on Anos.
 *
 * The library is musl, compiled unchanged; libc/syscall_arch.h sends each of
 * its Linux system calls here. What Anos has no answer to is ENOSYS, which the
 * library takes in its stride.
 */
#include "internal.h"

#include <anos/abi.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define ONLY_ID 1 /* process id, and the first thread's: must not be 0, stdio's locks name it */

static long writev_pieces(int file, const struct iovec *pieces, long count)
{
    long total = 0;
    for (long i = 0; i < count; i++) {
        const long written = __anos_write(file, pieces[i].iov_base, pieces[i].iov_len);
        if (written < 0) {
            return total > 0 ? total : written;
        }
        total += written;
    }
    return total;
}

HIDDEN long __anos_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    (void)f;
    switch (number) {
    case SYS_write:
        return __anos_write((int)a, (const char *)b, (size_t)c);
    case SYS_writev:
        return writev_pieces((int)a, (const struct iovec *)b, c);
    case SYS_ioctl: /* stdin, stdout, stderr are terminals, so stdout is line-buffered */
        return b == TIOCGWINSZ && (unsigned long)a < 3 ? 0 : -ENOTTY;
    case SYS_brk: /* no heap there: the allocator takes everything from mmap */
        return 0;
    case SYS_mmap:
        return __anos_mmap((size_t)b, (int)c, (int)d, (int)e, (uintptr_t)a);
    case SYS_munmap:
        return __anos_munmap((uintptr_t)a, (size_t)b);
    case SYS_mprotect:
        return __anos_mprotect((uintptr_t)a, (size_t)b, (int)c);
    case SYS_rt_sigprocmask:
        return 0;
    case SYS_futex:
        return __anos_futex((volatile int *)a, (int)b, (int)c, (uintptr_t)d);
    case SYS_sched_yield:
        return anos_yield().type == ANOS_OK ? 0 : -ENOSYS;
    case SYS_set_tid_address:
    case SYS_gettid:
    case SYS_getpid:
        return ONLY_ID;
#ifdef SYS_open
    case SYS_open:
#endif
    case SYS_openat: /* files are behind the VFS, not here */
        return -ENOENT;
    case SYS_clock_gettime:
        return __anos_clock_gettime((int)a, (void *)b);
    case SYS_nanosleep:
        return __anos_nanosleep((const void *)a);
    case SYS_clock_nanosleep: /* relative only */
        return b == 0 ? __anos_nanosleep((const void *)c) : -EINVAL;
    case SYS_exit:
        __anos_exit_thread();
    case SYS_exit_group:
        __anos_exit_process((int)a);
    default:
        return -ENOSYS;
    }
}
