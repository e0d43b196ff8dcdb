/* Calls 86 to 88: how a process ends, and who hears of it. */
#include "build.h"

#define ENDED(how, status) ((uint64_t)(how) << 32 | (status))

static uint64_t ends, channel;

static void exit_with(const uint64_t *arguments)
{
    anos_exit_process(arguments[0]);
    anos_send_message(arguments[1], 99, 0, NULL); /* never */
}

static void sleep_for_ever(void)
{
    anos_task_sleep_current(INT64_MAX);
}

static void exit_from_threads(const uint64_t *arguments)
{
    start_thread(sleep_for_ever, ANOS_CLASS_HIGH);
    start_thread(sleep_for_ever, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(0);
    anos_exit_process(arguments[0]);
}

static void return_at_once(const uint64_t *arguments)
{
    (void)arguments;
}

static void kill_oneself(const uint64_t *arguments)
{
    (void)arguments;
    anos_kill_process(0);
}

static void trip(const uint64_t *arguments)
{
    (void)arguments;
    *(volatile uint64_t *)NOWHERE = 1;
}

static void stay(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 1, 0, NULL);
    sleep_for_ever();
}

/* Watches its sibling by what it was given, and says what it heard. */
static void watch_other(const uint64_t *arguments)
{
    const uint64_t line = anos_create_notification().value;
    anos_watch_process(arguments[0], line, 4);
    const uint64_t got = anos_wait(line, UINT64_MAX, 1000 * MS).value;
    anos_send_message(arguments[1], got, 0, NULL);
}

static uint64_t told(void)
{
    uint64_t tag = 0;
    anos_reply_message(anos_recv_message(channel, &tag, NULL, NULL).value, 1);
    return tag;
}

/* Run a child to its end; returns its capability. */
static uint64_t run(void (*body)(const uint64_t *), uint64_t a)
{
    const uint64_t child = build_child("child", body, a, channel);
    anos_watch_process(child, ends, 1);
    anos_wait(ends, 1, 1000 * MS);
    return child;
}

static void ends_so(const char *name, void (*body)(const uint64_t *), uint64_t a, uint64_t expected)
{
    const uint64_t child = run(body, a);
    gives(name, anos_process_status(child), expected);
    anos_drop(child);
}

static void check_ways(void)
{
    ends_so("exit: its status", exit_with, 7, ENDED(ANOS_END_EXITED, 7));
    ends_so("exit: 0", exit_with, 0, ENDED(ANOS_END_EXITED, 0));
    ends_so("exit: the low 32 bits", exit_with, 0xFEDCBA9876543210,
            ENDED(ANOS_END_EXITED, 0x76543210));
    ends_so("exit: -1", exit_with, UINT64_MAX, ENDED(ANOS_END_EXITED, UINT32_MAX));
    ends_so("exit: its other threads end, too", exit_from_threads, 3, ENDED(ANOS_END_EXITED, 3));
    ends_so("the last thread's end is an exit", return_at_once, 0, ENDED(ANOS_END_EXITED, 0));
    ends_so("killed by itself", kill_oneself, 0, ENDED(ANOS_END_KILLED, 0));
    ends_so("a fault", trip, 0, ENDED(ANOS_END_FAULTED, 0));
}

static void check_watch(void)
{
    const uint64_t child = build_child("stayer", stay, channel, 0);
    told();
    gives("status: alive", anos_process_status(child), ENDED(ANOS_END_ALIVE, 0));
    is("watch: an unknown process is FAILURE", anos_watch_process(12345, ends, 1), ANOS_FAILURE);
    is("watch: an unknown notification is FAILURE", anos_watch_process(child, 12345, 1),
       ANOS_FAILURE);
    is("watch: a channel is no notification", anos_watch_process(child, channel, 1), ANOS_FAILURE);
    is("watch: a channel is no process", anos_watch_process(channel, ends, 1), ANOS_FAILURE);
    is("status: unknown is FAILURE", anos_process_status(12345), ANOS_FAILURE);
    gives("watch", anos_watch_process(child, ends, 2), 0);
    gives("watch: bits add up", anos_watch_process(child, ends, 8), 0);
    is("watch: nothing yet", anos_wait(ends, UINT64_MAX, MS), ANOS_TIMED_OUT);
    is("kill", anos_kill_process(child), ANOS_OK);
    gives("watch: told once, all bits", anos_wait(ends, UINT64_MAX, MS), 10);
    gives("status: killed", anos_process_status(child), ENDED(ANOS_END_KILLED, 0));
    is("kill: it is dead", anos_kill_process(child), ANOS_FAILURE);
    is("give: it is dead", anos_give(child, channel, 0), ANOS_FAILURE);
    is("map_into: it is dead", anos_map_into(child, 0, PAGE, PAGE, 3), ANOS_FAILURE);
    is("start: it is dead", anos_start_process(child, ANOS_PROGRAM_BASE, PAGE), ANOS_FAILURE);
    gives("watch: at once, if it has ended", anos_watch_process(child, ends, 16), 0);
    gives("watch: and that was now", anos_wait(ends, UINT64_MAX, MS), 16);
    gives("drop: the dead", anos_drop(child), 0);
    is("drop: its status is gone", anos_process_status(child), ANOS_FAILURE);

    const uint64_t built = anos_build_process(ANOS_CLASS_NORMAL).value;
    gives("status: being built is alive", anos_process_status(built), 0);
    anos_watch_process(built, ends, 1);
    anos_kill_process(built);
    gives("watch: it was never started", anos_wait(ends, UINT64_MAX, MS), 1);
    gives("status: it was never started", anos_process_status(built), ENDED(ANOS_END_KILLED, 0));
    anos_drop(built);
}

static void check_rights(void)
{
    const uint64_t child = build_child("watched", stay, channel, 0);
    told();
    const uint64_t killer = anos_mint(child, ANOS_RIGHT_KILL, 0).value;
    const uint64_t observer = anos_mint(child, ANOS_RIGHT_OBSERVE | ANOS_RIGHT_GRANT, 0).value;
    const uint64_t waiter = anos_mint(ends, ANOS_RIGHT_RECEIVE, 0).value;
    is("status: without OBSERVE is INCAPABLE", anos_process_status(killer), ANOS_INCAPABLE);
    is("watch: without OBSERVE is INCAPABLE", anos_watch_process(killer, ends, 1), ANOS_INCAPABLE);
    is("watch: without SEND is INCAPABLE", anos_watch_process(child, waiter, 1), ANOS_INCAPABLE);
    is("kill: without KILL is INCAPABLE", anos_kill_process(observer), ANOS_INCAPABLE);
    const uint64_t watcher = build_child("watcher", watch_other, observer, channel);

    const uint64_t lent = anos_mint(observer, 0, 0).value, line = anos_mint(ends, 0, 0).value;
    anos_watch_process(lent, ends, 32);
    anos_watch_process(child, line, 64);
    anos_drop(lent);
    anos_revoke(ends, 0); /* takes `line` and `waiter` */
    anos_watch_process(observer, ends, 128);
    anos_task_sleep_current(10 * MS);
    gives("kill: KILL is enough", anos_kill_process(killer), 0);
    gives("watch: one that rested on a lost right is silent", anos_wait(ends, UINT64_MAX, MS), 128);
    CHECK("watch: by another process", told() == 4);
    gives("status: by what was derived", anos_process_status(observer),
          ENDED(ANOS_END_KILLED, 0));
    gives("revoke: of a dead process's capability", anos_revoke(child, 0), 2 + 1);
    is("revoke: its observers have lost it", anos_process_status(observer), ANOS_FAILURE);
    anos_drop(child);
    anos_kill_process(watcher);
    anos_drop(watcher);
}

/* Whoever observes many children hears of each. */
static void check_many(void)
{
    enum { MANY = 40 };
    uint64_t children[MANY];
    for (int i = 0; i < MANY; i++) {
        children[i] = build_child("one", exit_with, (uint64_t)i, channel);
        anos_watch_process(children[i], ends, UINT64_C(1) << i);
    }
    uint64_t heard = 0;
    while (heard != (UINT64_C(1) << MANY) - 1) {
        const result got = anos_wait(ends, UINT64_MAX, 1000 * MS);
        if (got.type != ANOS_OK) {
            break;
        }
        heard |= got.value;
    }
    CHECK("watch: forty ends", heard == (UINT64_C(1) << MANY) - 1);
    bool right = true;
    for (unsigned i = 0; i < MANY; i++) {
        right = right && anos_process_status(children[i]).value == ENDED(ANOS_END_EXITED, i);
        anos_drop(children[i]);
    }
    CHECK("status: of each", right);
}

static void check_memory(void)
{
    const uint64_t before = free_memory();
    const uint64_t child = run(exit_with, 1);
    CHECK("a dead process has no memory", free_memory() == before);
    anos_drop(child);
}

int main(void)
{
    channel = anos_create_channel().value;
    ends = anos_create_notification().value;
    check_ways();
    check_watch();
    if (!is_bearer()) {
        check_rights();
    }
    check_many();
    check_memory();
    return finish();
}
