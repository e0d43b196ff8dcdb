/*
 * musl's system calls, and which function of libanos each one is.
 *
 * Each answers as on Linux: a negative errno is an error. What is not here has no meaning
 * on Anos and answers -ENOSYS. The types are C's own, since all of musl includes this.
 */
#ifndef ANOS_SYSTEM_CALLS_H
#define ANOS_SYSTEM_CALLS_H

#include <errno.h>

#define HIDDEN __attribute__((__visibility__("hidden")))

struct iovec;
struct timespec;

/* descriptors.c */
HIDDEN long __anos_close(int descriptor);
HIDDEN long __anos_dup(int descriptor);
HIDDEN long __anos_dup_to(int descriptor, int target, int may_be_same);
HIDDEN long __anos_fcntl(int descriptor, int command, long argument);
HIDDEN long __anos_limit(int resource, void *limits);

/* transfer.c */
HIDDEN long __anos_read(int descriptor, void *to, unsigned long bytes);
HIDDEN long __anos_write(int descriptor, const void *from, unsigned long bytes);
HIDDEN long __anos_readv(int descriptor, const struct iovec *pieces, long count);
HIDDEN long __anos_writev(int descriptor, const struct iovec *pieces, long count);
HIDDEN long __anos_pread(int descriptor, void *to, unsigned long bytes, long position);
HIDDEN long __anos_pwrite(int descriptor, const void *from, unsigned long bytes, long position);
HIDDEN long __anos_preadv(int descriptor, const struct iovec *pieces, long count, long position);
HIDDEN long __anos_pwritev(int descriptor, const struct iovec *pieces, long count, long position);
HIDDEN long __anos_lseek(int descriptor, long offset, int whence);

/* standard.c */
HIDDEN long __anos_ioctl(int descriptor, unsigned long request, void *argument);

/* open.c, directories.c, changes.c, status.c, working_directory.c */
HIDDEN long __anos_open(int directory, const char *path, int flags);
HIDDEN long __anos_getdents(int descriptor, void *to, unsigned long bytes);
HIDDEN long __anos_unlink(int directory, const char *path, int flags);
HIDDEN long __anos_rename(int old_directory, const char *old_path, int new_directory,
                          const char *new_path, int flags);
HIDDEN long __anos_mkdir(int directory, const char *path);
HIDDEN long __anos_truncate(const char *path, long bytes);
HIDDEN long __anos_ftruncate(int descriptor, long bytes);
HIDDEN long __anos_fsync(int descriptor);
HIDDEN long __anos_utimens(int directory, const char *path, const struct timespec *times);
HIDDEN long __anos_stat(int directory, const char *path, void *status, int flags);
HIDDEN long __anos_fstat(int descriptor, void *status);
HIDDEN long __anos_access(int directory, const char *path, int mode);
HIDDEN long __anos_readlink(int directory, const char *path);
HIDDEN long __anos_chdir(const char *path);
HIDDEN long __anos_fchdir(int descriptor);

/* memory.c, threads.c, time.c */
HIDDEN long __anos_mmap(unsigned long hint, unsigned long bytes, int protection, int flags,
                        int file);
HIDDEN long __anos_munmap(unsigned long address, unsigned long bytes);
HIDDEN long __anos_mprotect(unsigned long address, unsigned long bytes, int protection);
HIDDEN long __anos_futex(volatile int *word, int operation, int value, unsigned long more);
HIDDEN long __anos_yield(void);
HIDDEN long __anos_clock_gettime(int clock, struct timespec *time);
HIDDEN long __anos_clock_getres(struct timespec *resolution);
HIDDEN long __anos_nanosleep(const struct timespec *duration);
HIDDEN _Noreturn void __anos_exit_thread(void);
HIDDEN _Noreturn void __anos_exit_process(int status);

#define ANOS_ONLY_ID 1 /* of the process and of its first thread: stdio wants one that is not 0 */
#define ANOS_AT_WORKING_DIRECTORY (-100) /* AT_FDCWD */
#define ANOS_AT_REMOVE_DIRECTORY 0x200   /* AT_REMOVEDIR */
#define ANOS_MODE_MASK 022

/* Where `number` is a constant, all of this is one call. */
static inline __attribute__((__always_inline__)) long
__anos_call(long number, long a, long b, long c, long d, long e)
{
    switch (number) {
    case SYS_read:
        return __anos_read((int)a, (void *)b, (unsigned long)c);
    case SYS_write:
        return __anos_write((int)a, (const void *)b, (unsigned long)c);
    case SYS_readv:
        return __anos_readv((int)a, (const struct iovec *)b, c);
    case SYS_writev:
        return __anos_writev((int)a, (const struct iovec *)b, c);
    case SYS_pread64:
        return __anos_pread((int)a, (void *)b, (unsigned long)c, d);
    case SYS_pwrite64:
        return __anos_pwrite((int)a, (const void *)b, (unsigned long)c, d);
    case SYS_preadv:
        return __anos_preadv((int)a, (const struct iovec *)b, c, d);
    case SYS_pwritev:
        return __anos_pwritev((int)a, (const struct iovec *)b, c, d);
    case SYS_lseek:
        return __anos_lseek((int)a, b, (int)c);
    case SYS_close:
        return __anos_close((int)a);
    case SYS_dup:
        return __anos_dup((int)a);
    case SYS_dup3:
        return __anos_dup_to((int)a, (int)b, 0);
    case SYS_fcntl:
        return __anos_fcntl((int)a, (int)b, c);
    case SYS_ioctl:
        return __anos_ioctl((int)a, (unsigned long)b, (void *)c);
    case SYS_prlimit64:
        return __anos_limit((int)b, (void *)d);
    case SYS_umask:
        return ANOS_MODE_MASK;

    case SYS_openat:
        return __anos_open((int)a, (const char *)b, (int)c);
    case SYS_newfstatat:
        return __anos_stat((int)a, (const char *)b, (void *)c, (int)d);
    case SYS_fstat:
        return __anos_fstat((int)a, (void *)b);
    case SYS_faccessat:
    case SYS_faccessat2:
        return __anos_access((int)a, (const char *)b, (int)c);
    case SYS_readlinkat:
        return __anos_readlink((int)a, (const char *)b);
    case SYS_getdents64:
        return __anos_getdents((int)a, (void *)b, (unsigned long)c);
    case SYS_unlinkat:
        return __anos_unlink((int)a, (const char *)b, (int)c);
    case SYS_renameat2:
        return __anos_rename((int)a, (const char *)b, (int)c, (const char *)d, (int)e);
    case SYS_mkdirat:
        return __anos_mkdir((int)a, (const char *)b);
    case SYS_truncate:
        return __anos_truncate((const char *)a, b);
    case SYS_ftruncate:
        return __anos_ftruncate((int)a, b);
    case SYS_fsync:
    case SYS_fdatasync:
        return __anos_fsync((int)a);
    case SYS_utimensat:
        return __anos_utimens((int)a, (const char *)b, (const struct timespec *)c);
    case SYS_chdir:
        return __anos_chdir((const char *)a);
    case SYS_fchdir:
        return __anos_fchdir((int)a);
#ifdef SYS_open /* the older half of Linux, which x86-64 has as well */
    case SYS_open:
        return __anos_open(ANOS_AT_WORKING_DIRECTORY, (const char *)a, (int)b);
    case SYS_stat:
    case SYS_lstat: /* there are no links */
        return __anos_stat(ANOS_AT_WORKING_DIRECTORY, (const char *)a, (void *)b, 0);
    case SYS_access:
        return __anos_access(ANOS_AT_WORKING_DIRECTORY, (const char *)a, (int)b);
    case SYS_readlink:
        return __anos_readlink(ANOS_AT_WORKING_DIRECTORY, (const char *)a);
    case SYS_unlink:
        return __anos_unlink(ANOS_AT_WORKING_DIRECTORY, (const char *)a, 0);
    case SYS_rmdir:
        return __anos_unlink(ANOS_AT_WORKING_DIRECTORY, (const char *)a, ANOS_AT_REMOVE_DIRECTORY);
    case SYS_rename:
        return __anos_rename(ANOS_AT_WORKING_DIRECTORY, (const char *)a, ANOS_AT_WORKING_DIRECTORY,
                             (const char *)b, 0);
    case SYS_mkdir:
        return __anos_mkdir(ANOS_AT_WORKING_DIRECTORY, (const char *)a);
    case SYS_dup2:
        return __anos_dup_to((int)a, (int)b, 1);
#endif
#ifdef SYS_renameat
    case SYS_renameat:
        return __anos_rename((int)a, (const char *)b, (int)c, (const char *)d, 0);
#endif

    case SYS_brk: /* no heap there: the allocator takes everything from mmap */
        return 0;
    case SYS_mmap:
        return __anos_mmap((unsigned long)a, (unsigned long)b, (int)c, (int)d, (int)e);
    case SYS_munmap:
        return __anos_munmap((unsigned long)a, (unsigned long)b);
    case SYS_mprotect:
        return __anos_mprotect((unsigned long)a, (unsigned long)b, (int)c);
    case SYS_rt_sigprocmask:
        return 0;
    case SYS_futex:
        return __anos_futex((volatile int *)a, (int)b, (int)c, (unsigned long)d);
    case SYS_sched_yield:
        return __anos_yield();
    case SYS_set_tid_address:
    case SYS_gettid:
    case SYS_getpid:
        return ANOS_ONLY_ID;
    case SYS_getuid:
    case SYS_geteuid:
    case SYS_getgid:
    case SYS_getegid:
        return 0;
    case SYS_clock_gettime:
        return __anos_clock_gettime((int)a, (struct timespec *)b);
    case SYS_clock_getres:
        return __anos_clock_getres((struct timespec *)b);
    case SYS_nanosleep:
        return __anos_nanosleep((const struct timespec *)a);
    case SYS_clock_nanosleep: /* relative only */
        return b == 0 ? __anos_nanosleep((const struct timespec *)c) : -EINVAL;
    case SYS_exit:
        __anos_exit_thread();
    case SYS_exit_group:
        __anos_exit_process((int)a);
    default:
        return -ENOSYS;
    }
}

#endif
