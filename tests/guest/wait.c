/* Calls 84, 91 and 92: giving way, and waiting for a word. */
#include "build.h"

enum { WAITERS = 8, ROUNDS = 200 };

static volatile uint32_t word, other_word;
static volatile uint64_t woken, order[WAITERS], next_waiter, channel;
static volatile result last;

static bool wait_until_woken(uint64_t count)
{
    for (int i = 0; i < 100 && woken < count; i++) {
        anos_task_sleep_current(0);
    }
    return woken == count;
}

/* ---- futexes ---- */

static void wait_in_line(void)
{
    const uint64_t number = __atomic_fetch_add(&next_waiter, 1, __ATOMIC_SEQ_CST);
    last = anos_futex_wait((const uint32_t *)&word, 0, 0);
    order[__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST)] = number;
    anos_kill_current_task();
}

static void wait_elsewhere(void)
{
    last = anos_futex_wait((const uint32_t *)&other_word, 0, 0);
    woken++;
    anos_kill_current_task();
}

static void start_waiters(int count)
{
    woken = next_waiter = 0;
    for (int i = 0; i < count; i++) {
        start_thread(wait_in_line, ANOS_CLASS_HIGH);
        anos_task_sleep_current(0);
    }
}

static result wake(uint64_t count)
{
    return anos_futex_wake((const uint32_t *)&word, count);
}

static result wait_here(uint32_t expected, uint64_t timeout_ns)
{
    return anos_futex_wait((const uint32_t *)&word, expected, timeout_ns);
}

static void check_futex(void)
{
    const char *const last_page = (const char *)(ANOS_USER_END - PAGE);
    is("futex: another value is FAILURE", wait_here(1, 0), ANOS_FAILURE);
    is("futex: unaligned is BADARGS", anos_futex_wait((void *)((uint64_t)&word + 1), 0, 0),
       ANOS_BADARGS);
    is("futex: unmapped is BADARGS", anos_futex_wait(NOWHERE, 0, 0), ANOS_BADARGS);
    is("futex: a kernel address is BADARGS", anos_futex_wait(KERNEL_ADDRESS, 0, 0), ANOS_BADARGS);
    is("futex: the end of the user half is BADARGS", anos_futex_wait((void *)last_page, 0, 0),
       ANOS_BADARGS);
    gives("wake: nobody", wake(UINT64_MAX), 0);
    gives("wake: nobody, nowhere", anos_futex_wake(NOWHERE, 1), 0);
    gives("wake: nobody, at a kernel address", anos_futex_wake(KERNEL_ADDRESS, 1), 0);

    start_waiters(WAITERS);
    CHECK("futex: they wait", woken == 0);
    gives("wake: none is none", wake(0), 0);
    gives("wake: another word", anos_futex_wake((const uint32_t *)&other_word, 9), 0);
    gives("wake: one", wake(1), 1);
    CHECK("wake: it goes on, with OK", wait_until_woken(1) && last.type == ANOS_OK && !last.value);
    gives("wake: two", wake(2), 2);
    CHECK("wake: both go on", wait_until_woken(3));
    gives("wake: all", wake(UINT64_MAX), WAITERS - 3);
    CHECK("wake: all go on", wait_until_woken(WAITERS));
    bool right = true;
    for (unsigned i = 0; i < 3; i++) {
        right = right && (order[i] == i || (i && order[1] + order[2] == 3));
    }
    CHECK("wake: the first ones first", right);
    gives("wake: nobody is left", wake(UINT64_MAX), 0);
}

static void check_time(void)
{
    static const uint64_t limits[] = {1, 1000, 123457, 10 * MS + 1, 35 * MS};
    bool right = true;
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        const uint64_t before = now();
        right = right && wait_here(0, limits[i]).type == ANOS_TIMED_OUT;
        const uint64_t waited = now() - before;
        right = right && waited >= limits[i] && waited < limits[i] + 5000;
    }
    CHECK("futex: its limit is exact", right);
    gives("futex: who has timed out waits no more", wake(9), 0);
}

/* Two threads hand a number to and fro. */
static void other_half(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        while (word != 2 * i + 1) {
            wait_here(2 * i, 0);
        }
        word = 2 * i + 2;
        wake(1);
    }
    anos_kill_current_task();
}

static void check_hand_over(void)
{
    word = 0;
    start_thread(other_half, ANOS_CLASS_NORMAL);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        word = 2 * i + 1;
        wake(1);
        while (word != 2 * i + 2) {
            wait_here(2 * i + 1, 0);
        }
    }
    CHECK("futex: no wake-up is lost", word == 2 * ROUNDS);
    word = 0;
}

/* The same address in another process is another word. */
static void wake_ours(const uint64_t *arguments)
{
    (void)arguments;
    anos_exit_process(wake(UINT64_MAX).value);
}

static void wait_there(const uint64_t *arguments)
{
    start_thread(wait_in_line, ANOS_CLASS_NORMAL);
    start_thread(wait_elsewhere, ANOS_CLASS_NORMAL);
    anos_send_message(arguments[0], 1, 0, NULL);
    wait_here(0, 3600000 * MS);
}

static void check_processes(void)
{
    const uint64_t ends = anos_create_notification().value;
    start_waiters(1);
    const uint64_t child = build_child("waker", wake_ours, 0, 0);
    anos_watch_process(child, ends, 1);
    anos_wait(ends, 1, 1000 * MS);
    gives("wake: not those of another process", anos_process_status(child),
          (uint64_t)ANOS_END_EXITED << 32);
    anos_drop(child);
    gives("wake: ours still waits", wake(1), 1);
    const uint64_t waiter = build_child("waiter", wait_there, channel, 0);
    anos_reply_message(anos_recv_message(channel, NULL, NULL, NULL).value, 1);
    anos_task_sleep_current(10 * MS);
    is("futex: a process whose threads wait can be killed", anos_kill_process(waiter), ANOS_OK);
    anos_drop(waiter);
    anos_drop(ends);
}

/* ---- giving way ---- */

static volatile uint64_t steps[16], step_count;

static void step(uint64_t who)
{
    steps[__atomic_fetch_add(&step_count, 1, __ATOMIC_SEQ_CST) % 16] = who;
}

static void equal(void)
{
    for (int i = 0; i < 3; i++) {
        step(2);
        anos_yield();
    }
    anos_kill_current_task();
}

static void lower(void)
{
    step(1);
    anos_kill_current_task();
}

static void higher(void)
{
    step(3);
    anos_kill_current_task();
}

/* Vectors go around the CPUs: two of one CPU are addressed alike (anos-abi 7.1). */
static bool is_alone(void)
{
    uint64_t first = 0, second = 1; /* as if not, where there are no vectors */
    uint32_t data;
    anos_alloc_interrupt_vector(0, &first, &data);
    anos_alloc_interrupt_vector(0, &second, &data);
    return first == second;
}

static void check_yield(void)
{
    gives("yield: alone", anos_yield(), 0);
    if (!is_alone()) { /* others run elsewhere, whatever we do */
        return;
    }
    start_thread(lower, ANOS_CLASS_IDLE);
    const uint64_t before = now();
    for (int i = 0; i < 100; i++) {
        anos_yield();
    }
    CHECK("yield: lower classes do not run because of it", step_count == 0);
    CHECK("yield: nobody goes first, so it takes no time", now() - before < MS);
    start_thread(equal, ANOS_CLASS_NORMAL);
    for (int i = 0; i < 4; i++) {
        step(9);
        anos_yield();
    }
    static const uint64_t expected[] = {9, 2, 9, 2, 9, 2, 9};
    CHECK("yield: equals take turns", memcmp((void *)steps, expected, sizeof expected) == 0);
    start_thread(higher, ANOS_CLASS_HIGH);
    const uint64_t steps_before = step_count;
    anos_yield();
    CHECK("yield: a higher class goes first", steps[steps_before] == 3);
    anos_task_sleep_current(0);
    CHECK("yield: the lower one runs when we wait", steps[step_count - 1] == 1);
}

int main(void)
{
    channel = anos_create_channel().value;
    check_futex();
    check_time();
    check_hand_over();
    check_processes();
    check_yield();
    return finish();
}
