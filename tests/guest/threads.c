/* Calls 3, 5 and 16: threads (anos-abi 1.8, 6 and 14.2). */
#include "check.h"
#include "registers.h"

static volatile uint64_t ran, stack_seen, order[8], ordered, registers_kept;

static void run_once(void)
{
    stack_seen = (uint64_t)__builtin_frame_address(0);
    ran++;
    anos_kill_current_task();
}

static void normal(void)
{
    order[ordered++] = ANOS_CLASS_NORMAL;
    anos_kill_current_task();
}

static void high(void)
{
    order[ordered++] = ANOS_CLASS_HIGH;
    anos_kill_current_task();
}

static void realtime(void)
{
    order[ordered++] = ANOS_CLASS_REALTIME;
    anos_kill_current_task();
}

static void idle(void)
{
    order[ordered++] = 4; /* IDLE, but not 0 */
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

static void check_create(void)
{
    const result made = start_thread(run_once, ANOS_CLASS_NORMAL);
    is("1.8/3 create", made, ANOS_OK);
    CHECK("1.8/3 it runs", wait_for(&ran));
    CHECK("1.8/3 on its stack", stack_seen % 8 == 0 && stack_seen > (uint64_t)_bss_start
                                    && stack_seen < (uint64_t)_bss_end);
    const result next = start_thread(run_once, ANOS_CLASS_NORMAL);
    CHECK("1.8/3 ids grow", next.value > made.value && made.value > 2);
    for (int class = 0; class < 4; class ++) {
        is("1.8/3 every class", start_thread(run_once, (uint8_t)class), ANOS_OK);
    }
    is("1.8/3 class 4 is BADARGS", start_thread(run_once, 4), ANOS_BADARGS);
    is("1.8/3 class 255 is BADARGS", start_thread(run_once, 255), ANOS_BADARGS);
    for (int i = 0; i < 100 && ran < 6; i++) {
        anos_task_sleep_current(0);
    }
    CHECK("1.8/16 a thread ends alone", ran == 6);
}

static void check_classes(void)
{
    ordered = 0;
    start_thread(idle, ANOS_CLASS_IDLE);
    start_thread(normal, ANOS_CLASS_NORMAL);
    start_thread(high, ANOS_CLASS_HIGH);
    start_thread(realtime, ANOS_CLASS_REALTIME);
    const uint64_t at_once = ordered;
    for (int i = 0; i < 100 && ordered < 4; i++) {
        anos_task_sleep_current(0);
    }
    if (is_alone()) {
        CHECK("14/2 making a thread ready does not switch", at_once == 0);
        CHECK("6.1 higher classes go first", order[0] == 3 && order[1] == 2 && order[2] == 1
              && order[3] == 4);
    }
    CHECK("6.1 all run", ordered == 4);
}

static void check_sleep(void)
{
    static const uint64_t naps[] = {0, 1, MS, 10 * MS - 1, 10 * MS, 25 * MS, 100 * MS};
    bool right = true;
    for (unsigned i = 0; i < sizeof naps / sizeof *naps; i++) {
        const uint64_t before = now() / ANOS_TICK_NS;
        is("1.8/5 sleep", anos_task_sleep_current(naps[i]), ANOS_OK);
        const uint64_t ticks = naps[i] / ANOS_TICK_NS;
        right = right && now() / ANOS_TICK_NS == before + (ticks ? ticks : 1);
        right = right && now() % ANOS_TICK_NS < MS;
    }
    CHECK("1.8/5 it ends at a tick, the first that is due", right);
}

static void spin(void)
{
    for (uint64_t i = 0; i < 120 * MS / 500; i++) {
        USE_HALF_A_MICROSECOND();
    }
    ran++;
    anos_kill_current_task();
}

static void check_slices(void)
{
    ran = 0;
    const uint64_t begin = now();
    for (int i = 0; i < 3; i++) {
        start_thread(spin, ANOS_CLASS_NORMAL);
    }
    anos_task_sleep_current(0);
    const uint64_t waited = now() - begin;
    CHECK("6.3 nobody waits longer than the others' slices", waited <= 310 * MS);
    for (int i = 0; i < 200 && ran < 3; i++) {
        anos_task_sleep_current(10 * MS);
    }
    CHECK("6.3 all end", ran == 3);
}

static void disturb(void)
{
    for (int i = 0; i < 50; i++) {
        registers_kept += registers_survive(__syscall_capabilities[ANOS_SYS_SLEEP], i % 2);
    }
    ran++;
    anos_kill_current_task();
}

static void check_registers(void)
{
    CHECK("1.1 registers after a call",
          registers_survive(__syscall_capabilities[ANOS_SYS_MEMSTATS], false));
    CHECK("1.2 registers after int 0x69",
          registers_survive(__syscall_capabilities[ANOS_SYS_MEMSTATS], true));
    ran = registers_kept = 0;
    for (int i = 0; i < 3; i++) {
        start_thread(disturb, ANOS_CLASS_NORMAL);
    }
    for (int i = 0; i < 1000 && ran < 3; i++) {
        anos_task_sleep_current(0);
    }
    CHECK("1.1 registers of threads that take turns", registers_kept == 150);
}

int main(void)
{
    check_create();
    check_classes();
    check_sleep();
    check_slices();
    check_registers();
    return finish();
}
