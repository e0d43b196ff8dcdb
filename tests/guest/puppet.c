/*
 * Makes the calls that a test writes into its memory, in as many threads and
 * processes as the test starts. tests/support/puppets.py has the other end.
 *
 * Each thread has a block of words, whose address is the first word on its
 * stack; the second is the cookie it sleeps with. It sleeps. The test fills in
 * the block and wakes it; it makes that one call, stores what came back, counts,
 * and sleeps again. Everything else is the test's: the program never looks at
 * what it passes.
 */
#include "check.h"

#define CONTROL UINT64_C(0x500000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { PAGES = 24 }; /* blocks, stacks, and pages for arguments and messages */

struct block {
    volatile uint64_t slow, cookie, arguments[5], type, value, count;
};

__attribute__((used, noreturn)) static void puppet_main(const uint64_t *stack)
{
    struct block *const block = (struct block *)stack[0];
    const uint64_t sleep = stack[1];
    for (;;) {
        machine_call(false, sleep, UINT64_C(1) << 58, 0, 0, 0, 0);
        const volatile uint64_t *const a = block->arguments;
        const result got = machine_call(block->slow, block->cookie, a[0], a[1], a[2], a[3], a[4]);
        block->type = (uint64_t)got.type;
        block->value = got.value;
        block->count++;
    }
}

STACK_ENTRY(puppet, puppet_main)

int main(void)
{
    anos_map_virtual(PAGES * PAGE, CONTROL, RW);
    for (uint64_t *page = (uint64_t *)CONTROL; page < (uint64_t *)(CONTROL + PAGES * PAGE);
         page += 512) {
        *page = 0;
    }
    ((uint64_t *)CONTROL)[511] = (uint64_t)puppet; /* where the others begin */
    puppet_main((uint64_t[]){CONTROL, __syscall_capabilities[ANOS_SYS_SLEEP]});
}
