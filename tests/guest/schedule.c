/* Who runs when (anos-abi 6 and 14.2). Most of it shows on one CPU only. */
#include "check.h"

enum { SPINNERS = 4, NAPPERS = 6 };

static volatile uint64_t channel, begun, ended, started_at[SPINNERS], ended_at[SPINNERS];
static volatile uint64_t order[16], ordered, stop, high_at, turns;
static bool alone; /* there is one CPU */

static uint64_t add(volatile uint64_t *counter)
{
    return __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
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

static void all_end(uint64_t count)
{
    for (int i = 0; i < 500 && ended < count; i++) {
        anos_task_sleep_current(10 * MS);
    }
}

/* Use about this much time of a CPU. */
static void use(uint64_t nanoseconds)
{
    for (uint64_t i = 0; i < nanoseconds / 500; i++) {
        USE_HALF_A_MICROSECOND();
    }
}

static void spin(void)
{
    const uint64_t mine = add(&begun);
    started_at[mine] = now();
    use(150 * MS);
    ended_at[mine] = now();
    add(&ended);
    anos_kill_current_task();
}

static void check_slices(void)
{
    anos_task_sleep_current(0);
    for (int i = 0; i < SPINNERS; i++) {
        start_thread(spin, ANOS_CLASS_NORMAL);
    }
    all_end(SPINNERS);
    CHECK("6.3 four that spin all end", ended == SPINNERS);
    bool late = true, fair = true;
    uint64_t first = ~UINT64_C(0), final = 0;
    for (int i = 0; i < SPINNERS; i++) {
        late = late && (i == 0 || started_at[i] >= started_at[i - 1] + 80 * MS);
        first = ended_at[i] < first ? ended_at[i] : first;
        final = ended_at[i] > final ? ended_at[i] : final;
    }
    fair = final - first <= SPINNERS * 101 * MS;
    CHECK("6.3 an equal class has the CPU for its slice of ten ticks", late || !alone);
    CHECK("6.3 equal threads are within a slice of each other", fair);
}

static void wake_high(void)
{
    anos_task_sleep_current(20 * MS);
    high_at = now();
    stop = 1;
    anos_kill_current_task();
}

static void count_turns(void)
{
    while (!stop) {
        add(&turns);
        use(MS);
    }
    add(&ended);
    anos_kill_current_task();
}

static void hog(void)
{
    use(250 * MS);
    stop = 1;
    add(&ended);
    anos_kill_current_task();
}

static void check_preemption(void)
{
    for (uint8_t class = ANOS_CLASS_HIGH; class <= ANOS_CLASS_REALTIME; class ++) {
        stop = high_at = 0;
        start_thread(wake_high, class);
        anos_task_sleep_current(0);
        const uint64_t begin = now();
        for (int i = 0; i < 1000 && !stop; i++) {
            use(MS / 10);
        }
        CHECK("6.3 a higher class gets the CPU at the tick", stop && high_at - begin < 31 * MS
              && high_at % ANOS_TICK_NS < MS);
    }
    ended = stop = turns = 0;
    start_thread(hog, ANOS_CLASS_REALTIME);
    start_thread(count_turns, ANOS_CLASS_NORMAL);
    all_end(2);
    CHECK("6.3 REALTIME that never waits leaves some time to NORMAL", ended == 2 && turns > 0);
    CHECK("6.3 but only that of ends of slices", !alone || turns <= 25);
}

static void send_high(void)
{
    anos_send_message(channel, 1, 0, NULL);
    order[ordered++] = 1;
    anos_kill_current_task();
}

static void check_reply(void)
{
    channel = anos_create_channel().value;
    static const struct {
        const char *name;
        uint8_t class;
        bool at_once;
    } senders[] = {
        {"4.4 a reply to a higher class switches at once", ANOS_CLASS_REALTIME, true},
        {"4.4 one to HIGH, too", ANOS_CLASS_HIGH, true},
        {"4.4 a reply to an equal class does not", ANOS_CLASS_NORMAL, false},
        {"4.4 nor one to a lower class", ANOS_CLASS_IDLE, false},
    };
    for (unsigned i = 0; i < sizeof senders / sizeof *senders; i++) {
        ordered = 0;
        start_thread(send_high, senders[i].class);
        const result got = anos_recv_message(channel, NULL, NULL, NULL);
        anos_reply_message(got.value, 1);
        const bool at_once = ordered == 1;
        order[ordered++] = 0;
        CHECK(senders[i].name, !alone || at_once == senders[i].at_once);
        anos_task_sleep_current(20 * MS);
        CHECK("4.4 in the end both have run", ordered == 2);
    }
}

static void nap(void)
{
    const uint64_t mine = add(&begun);
    anos_task_sleep_current(50 * MS);
    order[add(&ordered)] = mine;
    anos_kill_current_task();
}

static void nap_longer(void)
{
    const uint64_t mine = add(&begun);
    anos_task_sleep_current((10 - mine) * 20 * MS);
    order[add(&ordered)] = mine;
    anos_kill_current_task();
}

static void check_sleepers(void)
{
    begun = ordered = 0;
    for (int i = 0; i < NAPPERS; i++) {
        start_thread(nap, ANOS_CLASS_NORMAL);
    }
    anos_task_sleep_current(0);
    const bool asleep = ordered == 0 && begun == NAPPERS;
    CHECK("1.8/5 nobody wakes early", asleep);
    anos_task_sleep_current(100 * MS);
    CHECK("6.6 all sleepers of one tick wake", ordered == NAPPERS);
    bool reversed = true;
    for (int i = 0; i < NAPPERS; i++) {
        reversed = reversed && order[i] == (uint64_t)(NAPPERS - 1 - i);
    }
    CHECK("6.6 equal deadlines wake last in, first out", reversed || !alone);

    begun = ordered = 0;
    for (int i = 0; i < NAPPERS; i++) {
        start_thread(nap_longer, ANOS_CLASS_NORMAL);
    }
    anos_task_sleep_current(300 * MS);
    bool sorted = ordered == NAPPERS;
    for (int i = 0; i < NAPPERS; i++) {
        sorted = sorted && order[i] == (uint64_t)(NAPPERS - 1 - i);
    }
    CHECK("6.6 others wake in the order of their deadlines", sorted);
}

static void check_accuracy(void)
{
    bool exact = true;
    for (uint64_t ticks = 1; ticks < 30; ticks++) {
        const uint64_t before = now() / ANOS_TICK_NS;
        anos_task_sleep_current(ticks * ANOS_TICK_NS + ticks * 1000);
        exact = exact && now() / ANOS_TICK_NS - before == ticks;
    }
    CHECK("1.8/5 nanoseconds are cut to ticks", exact);
    const uint64_t before = now();
    anos_task_sleep_current(5000 * MS);
    CHECK("1.8/5 five seconds", now() - before <= 5000 * MS && now() - before > 4990 * MS);
}

int main(void)
{
    alone = is_alone();
    check_slices();
    check_preemption();
    check_reply();
    check_sleepers();
    check_accuracy();
    return finish();
}
