/*
 * What pthreads need: a clone, a futex, an end.
 *
 * A thread's stack fills an aligned slot, and the slot's lowest word is its
 * thread pointer, so no kernel call is needed to find it and programs run
 * under plain Anos rules (see libc/pthread_arch.h). A thread that is made with
 * anos_create_thread on any other stack shares the first thread's errno and
 * counts as the same owner of stdio's locks: use pthread_create, or
 * anos_thread_start where the class matters.
 */
#include "internal.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_COMMAND 127
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
    static int last_id = 1;
    (void)flags;

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

/* Waking is no call at all: a waiter looks again at every tick. */
HIDDEN long __anos_futex(volatile int *word, int operation, int value)
{
    switch (operation & FUTEX_COMMAND) {
    case FUTEX_WAIT:
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
            return -EAGAIN;
        }
        anos_task_sleep_current(POLL_NS);
        return 0;
    case FUTEX_WAKE:
        return 0;
    default:
        return -ENOSYS;
    }
}

HIDDEN _Noreturn void __anos_exit_thread(void)
{
    __atomic_store_n(&__thread_list_lock, 0, __ATOMIC_RELEASE); /* pthread_join waits for it */
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
    (void)status;
    anos_kill_process(0); /* 0: this process, all threads of it; needs the capability */
    __anos_exit_thread();
}
