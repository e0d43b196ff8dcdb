/* POSIX threads of the C library: what one does for another is seen, and in time. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { THREADS = 6, ROUNDS = 50, STACK_MIN = 2048 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t tokens;
static volatile int turn, sum, at_barrier;

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        const int before = sum;
        sched_yield();
        sum = before + 1;
        pthread_mutex_unlock(&lock);
    }
    return (void *)(uintptr_t)ROUNDS;
}

/* Each waits for its turn and gives it to the next. */
static void *take_turns(void *number)
{
    const int mine = (int)(intptr_t)number;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != mine) {
            pthread_cond_wait(&changed, &lock);
        }
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *meet(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++) {
        __atomic_fetch_add(&at_barrier, 1, __ATOMIC_SEQ_CST);
        pthread_barrier_wait(&barrier);
        if (at_barrier % THREADS != 0) {
            return (void *)1;
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void *post(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        sem_post(&tokens);
    }
    return NULL;
}

static uint64_t run(void *(*body)(void *), int count)
{
    pthread_t threads[THREADS];
    uint64_t results = 0;
    for (int i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i);
    }
    for (int i = 0; i < count; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        results += (uintptr_t)result;
    }
    return results;
}

static void check_waking(void)
{
    const bool can_wait = __syscall_capabilities[ANOS_SYS_FUTEX_WAIT] != 0;
    CHECK("join: results", run(add, THREADS) == THREADS * ROUNDS);
    CHECK("mutex: nobody is lost", sum == THREADS * ROUNDS);
    const uint64_t before = now();
    run(take_turns, 2);
    CHECK("condition: all turns", turn == 2 * ROUNDS);
    CHECK("condition: nobody waits for a tick", !can_wait || now() - before < 5 * MS);
    pthread_barrier_init(&barrier, NULL, THREADS);
    CHECK("barrier: all arrive", run(meet, THREADS) == 0 && at_barrier == 10 * THREADS);
    sem_init(&tokens, 0, 0);
    pthread_t poster;
    pthread_create(&poster, NULL, post, NULL);
    int taken = 0;
    while (taken < ROUNDS && sem_wait(&tokens) == 0) {
        taken++;
    }
    CHECK("semaphore: all tokens", taken == ROUNDS && sem_trywait(&tokens) == -1);
    pthread_join(poster, NULL);
}

static void check_limits(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    const uint64_t before = now();
    until.tv_nsec += 3500000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    CHECK("condition: a limit", pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
    const uint64_t waited = now() - before;
    CHECK("condition: a limit is kept", waited >= 3500000 && waited < 30 * MS);
    CHECK("semaphore: a limit that is past", sem_timedwait(&tokens, &until) == -1
                                                 && errno == ETIMEDOUT);
}

static void *nothing(void *argument)
{
    return argument;
}

static void check_stacks(void)
{
    pthread_attr_t small;
    pthread_t thread;
    void *result = NULL;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_MIN);
    CHECK("stack: a small one", pthread_create(&thread, &small, nothing, &small) == 0);
    pthread_join(thread, &result);
    CHECK("stack: its thread runs", result == &small);
    pthread_attr_setstacksize(&small, 1 << 22);
    CHECK("stack: a large one", pthread_create(&thread, &small, nothing, &small) == 0);
    pthread_join(thread, &result);
    static char own[1 << 16] __attribute__((aligned(16)));
    pthread_attr_setstack(&small, own, sizeof own);
    CHECK("stack: one's own is refused", pthread_create(&thread, &small, nothing, NULL) != 0);
}

static void check_protection(void)
{
    const bool can_protect = __syscall_capabilities[ANOS_SYS_PROTECT] != 0;
    char *const pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    pages[0] = 'x';
    CHECK("mprotect: read-only", mprotect(pages, PAGE, PROT_READ) == 0);
    const bool may_write = anos_get_mem_info((void *)pages).type == ANOS_OK;
    CHECK("mprotect: it is, with the right to protect", may_write != can_protect);
    CHECK("mprotect: back", mprotect(pages, PAGE, PROT_READ | PROT_WRITE) == 0);
    pages[0]++;
    CHECK("mprotect: part of a page is all of it", mprotect(pages + 1, 1, PROT_READ) == 0);
    munmap(pages, 2 * PAGE);
}

int main(void)
{
    check_waking();
    check_limits();
    check_stacks();
    check_protection();
    return finish();
}
