/* Calls 81 to 83: notification objects. */
#include "build.h"

enum { WAITERS = 8 };

static uint64_t line, channel;
static volatile uint64_t woken, order[WAITERS], masks[WAITERS];
static volatile result last;

static void wait_once(void)
{
    last = anos_wait(line, 1, 0);
    woken++;
    anos_kill_current_task();
}

static void wait_long(void)
{
    last = anos_wait(line, 1, 3600000 * MS);
    woken++;
    anos_kill_current_task();
}

/* Each waiter has a mask of its own; its number goes into the order of waking. */
static volatile uint64_t next_waiter;

static void wait_in_line(void)
{
    const uint64_t number = __atomic_fetch_add(&next_waiter, 1, __ATOMIC_SEQ_CST);
    const uint64_t got = anos_wait(line, masks[number], 0).value;
    order[__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST)] = number | got << 8;
    anos_kill_current_task();
}

static bool wait_until_woken(uint64_t count)
{
    for (int i = 0; i < 100 && woken < count; i++) {
        anos_task_sleep_current(0);
    }
    return woken == count;
}

static void check_bits(void)
{
    is("wait: unknown is FAILURE", anos_wait(12345, 1, 0), ANOS_FAILURE);
    is("signal: unknown is FAILURE", anos_signal(12345, 1), ANOS_FAILURE);
    is("signal: a channel is no notification", anos_signal(channel, 1), ANOS_FAILURE);
    is("wait: a channel is no notification", anos_wait(channel, 1, 0), ANOS_FAILURE);
    is("wait: an empty mask is BADARGS", anos_wait(line, 0, 0), ANOS_BADARGS);
    gives("signal", anos_signal(line, 5), 0);
    gives("wait takes what is set", anos_wait(line, UINT64_MAX, 0), 5);
    gives("signal: bits add up", anos_signal(line, 1), 0);
    anos_signal(line, UINT64_C(1) << 63);
    anos_signal(line, 0xF0);
    gives("wait takes all set bits of the mask", anos_wait(line, 0x31, 0), 0x31);
    gives("wait: others stay", anos_wait(line, 0xFF, 0), 0xC0);
    gives("wait: bit 63", anos_wait(line, UINT64_MAX, 0), UINT64_C(1) << 63);
    gives("signal: no bits are fine", anos_signal(line, 0), 0);
    is("wait: nothing is left", anos_wait(line, UINT64_MAX, 1), ANOS_TIMED_OUT);
    const result seen = anos_inspect(line);
    CHECK("inspect: a notification", seen.value >> 32 == ANOS_OBJECT_NOTIFICATION);
}

static void check_waiting(void)
{
    woken = 0;
    start_thread(wait_once, ANOS_CLASS_HIGH);
    anos_task_sleep_current(0);
    CHECK("wait: it waits", woken == 0);
    anos_signal(line, 2);
    anos_task_sleep_current(0);
    CHECK("wait: other bits do not wake", woken == 0);
    anos_signal(line, 3);
    CHECK("wait: its bit does", wait_until_woken(1) && last.type == ANOS_OK && last.value == 1);
    gives("wait: what it did not want stays", anos_wait(line, UINT64_MAX, 0), 2);

    woken = next_waiter = 0;
    for (int i = 0; i < WAITERS; i++) {
        masks[i] = i % 2 ? 1 : 6;
        start_thread(wait_in_line, ANOS_CLASS_HIGH);
        anos_task_sleep_current(0);
    }
    bool right = true;
    for (int i = 0; i < WAITERS / 2; i++) {
        anos_signal(line, 1);
        const uint64_t expected = (2 * (uint64_t)i + 1) | 1 << 8; /* it, and the bit it took */
        right = right && wait_until_woken((uint64_t)i + 1) && order[i] == expected;
    }
    CHECK("wait: each signal wakes one, in order", right);
    anos_signal(line, 2);
    anos_signal(line, 4);
    CHECK("wait: each bit goes to one", wait_until_woken(WAITERS / 2 + 2));
    anos_signal(line, 6);
    CHECK("wait: the first takes all it wants", wait_until_woken(WAITERS / 2 + 3));
    anos_signal(line, 6);
    CHECK("wait: and all have gone on", wait_until_woken(WAITERS));
    is("wait: no bit was lost or kept", anos_wait(line, UINT64_MAX, 1), ANOS_TIMED_OUT);
}

static void check_time(void)
{
    static const uint64_t limits[] = {1, 1000, 123457, 10 * MS + 1, 35 * MS};
    bool right = true;
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++) {
        const uint64_t before = now();
        right = right && anos_wait(line, 1, limits[i]).type == ANOS_TIMED_OUT;
        const uint64_t waited = now() - before;
        right = right && waited >= limits[i] && waited < limits[i] + 5000;
    }
    CHECK("wait: its limit is exact", right);
    woken = 0;
    start_thread(wait_long, ANOS_CLASS_HIGH);
    anos_task_sleep_current(0);
    anos_signal(line, 1);
    CHECK("wait: a bit comes before its limit",
          wait_until_woken(1) && last.type == ANOS_OK && last.value == 1);
}

/* ---- between processes ---- */

static void answer_bits(const uint64_t *arguments)
{
    const uint64_t got = anos_wait(arguments[0], 1, 0).value;
    anos_signal(arguments[0], got << 1);
}

/* Waits by a right that it may lose, and says how that ended. */
static void wait_and_tell(const uint64_t *arguments)
{
    const result got = anos_wait(arguments[0], 1, 0);
    anos_send_message(arguments[1], (uint64_t)got.type, 0, NULL);
}

static int64_t told(void)
{
    uint64_t tag = 0;
    anos_reply_message(anos_recv_message(channel, &tag, NULL, NULL).value, 1);
    return (int64_t)tag;
}

static void check_processes(void)
{
    start_child("answerer", answer_bits, line, 0);
    anos_signal(line, 1);
    gives("between processes", anos_wait(line, 2, 0), 2);

    const uint64_t doomed = build_child("doomed", wait_and_tell, line, channel);
    anos_task_sleep_current(10 * MS);
    anos_kill_process(doomed);
    anos_drop(doomed);
    anos_signal(line, 1);
    gives("a waiter that was killed takes nothing", anos_wait(line, 1, MS), 1);
}

static void check_rights(void)
{
    const uint64_t sender = anos_mint(line, ANOS_RIGHT_SEND, 0).value;
    const uint64_t waiter = anos_mint(line, ANOS_RIGHT_RECEIVE, 0).value;
    is("wait: without RECEIVE is INCAPABLE", anos_wait(sender, 1, 0), ANOS_INCAPABLE);
    is("signal: without SEND is INCAPABLE", anos_signal(waiter, 1), ANOS_INCAPABLE);
    gives("signal: SEND is enough", anos_signal(sender, 8), 0);
    gives("wait: RECEIVE is enough", anos_wait(waiter, 8, 0), 8);

    const uint64_t lent = anos_mint(line, 0, 0).value;
    const uint64_t child = build_child("loser", wait_and_tell, lent, channel);
    anos_task_sleep_current(10 * MS);
    CHECK("revoke: the one that was lent", anos_revoke(lent, 0).value == 1);
    CHECK("revoke: who waits wakes with INCAPABLE", told() == ANOS_INCAPABLE);
    anos_signal(line, 1);
    gives("revoke: and takes nothing", anos_wait(line, 1, MS), 1);
    anos_drop(child);

    const uint64_t other = anos_create_notification().value;
    const uint64_t kept = build_child("keeper", wait_and_tell, other, channel);
    anos_task_sleep_current(10 * MS);
    gives("drop: the maker's own", anos_drop(other), 0);
    is("drop: it is gone here", anos_signal(other, 1), ANOS_FAILURE);
    CHECK("drop: but another still waits", anos_process_status(kept).value == 0);
    anos_kill_process(kept);
    anos_drop(kept);
}

static void check_end(void)
{
    const uint64_t other = anos_create_notification().value;
    const uint64_t before = line;
    line = other;
    woken = 0;
    start_thread(wait_once, ANOS_CLASS_HIGH);
    anos_task_sleep_current(0);
    anos_drop(other);
    CHECK("end: who waits wakes with INCAPABLE",
          wait_until_woken(1) && last.type == ANOS_INCAPABLE);
    is("end: the number is free", anos_signal(other, 1), ANOS_FAILURE);
    line = before;
}

int main(void)
{
    channel = anos_create_channel().value;
    const result made = anos_create_notification();
    is("create", made, ANOS_OK);
    line = made.value;
    CHECK("create: others are others", anos_create_notification().value != line);
    check_bits();
    check_waiting();
    check_time();
    check_processes();
    if (!is_bearer()) {
        check_rights();
    }
    check_end();
    return finish();
}
