/*
 * What pthreads need: a clone, a futex, an end.
 *
 * A thread's stack fills an aligned slot, and the slot's lowest word is its
 * thread pointer, so no kernel call is needed to find it and programs run
 * under plain Anos rules (see libc/pthread_arch.h). A thread that is made with
 * anos_create_thread on any other stack shares the first thread's errno and
 * counts as the same owner of stdio's locks: use pthread_create, or
 * anos_thread_start where the class matters.
 *
 * A program that holds the calls FUTEX_WAIT and FUTEX_WAKE waits until it is
 * woken; without them a waiter looks again at every tick.
 */
#include "internal.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_COMMAND 127
#define NS_PER_SECOND UINT64_C(1000000000)
#define POLL_NS 1 /* asleep until the next tick */

extern HIDDEN volatile int __thread_list_lock;
HIDDEN uintptr_t __anos_main_thread_pointer;
HIDDEN void __anos_thread_start(void);

static uint8_t class_of_next = ANOS_CLASS_NORMAL;
static pthread_mutex_t class_lock = PTHREAD_MUTEX_INITIALIZER;

HIDDEN int __set_thread_area(void *thread_pointer)
{
    __anos_main_thread_pointer = (uintptr_t)thread_pointer;
    return 0;
}

HIDDEN int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    static int last_id = ANOS_ONLY_ID;
    (void)flags;

    if ((uintptr_t)stack - SLOTS_BEGIN >= SLOTS_END - SLOTS_BEGIN) {
        return -EINVAL; /* a stack of the program's own: its thread would have no pointer */
    }
    va_list more;
    va_start(more, argument);
    int *const parent_id = va_arg(more, int *);
    const uintptr_t thread_pointer = (uintptr_t)va_arg(more, void *);
    va_end(more);

    uint64_t *const sp = (uint64_t *)((uintptr_t)stack & -(uintptr_t)16) - 2;
    sp[0] = (uint64_t)function;
    sp[1] = (uint64_t)argument;
    *(uintptr_t *)((uintptr_t)stack & -(uintptr_t)SLOT_BYTES) = thread_pointer;

    const int id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    *parent_id = id;
    if (anos_create_thread((void *)__anos_thread_start, sp, class_of_next).type != ANOS_OK) {
        return -EAGAIN;
    }
    return id;
}

int anos_thread_start(uint8_t thread_class, size_t stack_bytes, void *(*run)(void *),
                      void *argument)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (error == 0) {
        pthread_t thread;
        pthread_mutex_lock(&class_lock);
        class_of_next = thread_class;
        error = pthread_create(&thread, &attributes, run, argument);
        class_of_next = ANOS_CLASS_NORMAL;
        pthread_mutex_unlock(&class_lock);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

/* In nanoseconds. 0, which the kernel takes for no limit, only if there is none. */
static uint64_t timeout_ns(const struct timespec *timeout)
{
    if (timeout == NULL) {
        return 0;
    }
    if (timeout->tv_sec > (time_t)(INT64_MAX / NS_PER_SECOND)) {
        return INT64_MAX;
    }
    const uint64_t ns = (uint64_t)timeout->tv_sec * NS_PER_SECOND + (uint64_t)timeout->tv_nsec;
    return ns > 0 ? ns : 1;
}

/*
 * Without a call to wait, waking is none either: a waiter looks again at every tick. A
 * program that was allowed to wait or to sleep and may do neither any more would look for
 * ever, so it ends.
 */
static long futex_poll(volatile int *word, int value)
{
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
        return -EAGAIN;
    }
    const bool could = __syscall_capabilities[ANOS_SYS_SLEEP] != 0 ||
                       __syscall_capabilities[ANOS_SYS_FUTEX_WAIT] != 0;
    if (anos_task_sleep_current(POLL_NS).type == ANOS_INCAPABLE && could) {
        __anos_exit_process(EXIT_FAILURE);
    }
    return 0;
}

static long futex_wait(volatile int *word, int value, const struct timespec *timeout)
{
    const struct anos_result woken =
        anos_futex_wait((const uint32_t *)word, (uint32_t)value, timeout_ns(timeout));
    switch (woken.type) {
    case ANOS_OK:
        return 0;
    case ANOS_FAILURE:
        return -EAGAIN;
    case ANOS_TIMED_OUT:
        return -ETIMEDOUT;
    case ANOS_INCAPABLE:
        return futex_poll(word, value);
    default:
        return -EFAULT;
    }
}

/*
 * `more` is the timeout of a wait. Requeueing is waking: who was to wait for
 * the second word looks at it and waits again.
 */
HIDDEN long __anos_futex(volatile int *word, int operation, int value, unsigned long more)
{
    const bool can_wait = __syscall_capabilities[ANOS_SYS_FUTEX_WAIT] != 0 &&
                          __syscall_capabilities[ANOS_SYS_FUTEX_WAKE] != 0;
    switch (operation & FUTEX_COMMAND) {
    case FUTEX_WAIT:
        return can_wait ? futex_wait(word, value, (const struct timespec *)more)
                        : futex_poll(word, value);
    case FUTEX_REQUEUE:
        value += (int)more;
        /* fall through */
    case FUTEX_WAKE:
        return can_wait ? (long)anos_futex_wake((const uint32_t *)word, (uint64_t)value).value : 0;
    default:
        return -ENOSYS;
    }
}

HIDDEN long __anos_yield(void)
{
    return anos_yield().type == ANOS_OK ? 0 : -ENOSYS;
}

HIDDEN _Noreturn void __anos_exit_thread(void)
{
    __atomic_store_n(&__thread_list_lock, 0, __ATOMIC_RELEASE); /* pthread_join waits for it */
    __anos_futex(&__thread_list_lock, FUTEX_WAKE, 1, 0);
    anos_kill_current_task();
    for (;;) { /* without the right to end: a jump to itself is never run (anos-abi 14.9) */
    }
}

/* The stack of a detached thread stays: we are standing on it. */
HIDDEN _Noreturn void __unmapself(void *stack, size_t bytes)
{
    (void)stack;
    (void)bytes;
    __anos_exit_thread();
}

HIDDEN _Noreturn void __anos_exit_process(int status)
{
    anos_exit_process((uint32_t)status); /* all threads of it; needs the capability */
    anos_kill_process(0);                /* so does this, and the status is lost */
    __anos_exit_thread();
}
