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

__attribute__((used, noreturn)) static void puppet_main(struct block *block, uint64_t sleep)
{
    for (;;) {
        register uint64_t r9 __asm__("r9") = sleep;
        uint64_t a = UINT64_C(1) << 58;
        int64_t type;
        __asm__ volatile("syscall" : "=a"(type), "+D"(a), "+r"(r9)::"rcx", "rdx", "rsi", "r8",
                         "r10", "r11", "memory");
        r9 = block->cookie;
        register uint64_t r10 __asm__("r10") = block->arguments[3];
        register uint64_t r8 __asm__("r8") = block->arguments[4];
        a = block->arguments[0];
        uint64_t b = block->arguments[1], c = block->arguments[2];
        if (block->slow) {
            __asm__ volatile("int $0x69" : "=a"(type), "+d"(c), "+D"(a), "+S"(b), "+r"(r10),
                             "+r"(r8), "+r"(r9)::"rcx", "r11", "memory");
        } else {
            __asm__ volatile("syscall" : "=a"(type), "+d"(c), "+D"(a), "+S"(b), "+r"(r10),
                             "+r"(r8), "+r"(r9)::"rcx", "r11", "memory");
        }
        block->type = (uint64_t)type;
        block->value = c;
        block->count++;
    }
}

__attribute__((naked)) static void puppet(void)
{
    __asm__("mov (%rsp), %rdi\n mov 8(%rsp), %rsi\n xor %ebp, %ebp\n and $-16, %rsp\n"
            "call puppet_main\n ud2");
}

int main(void)
{
    anos_map_virtual(PAGES * PAGE, CONTROL, RW);
    for (uint64_t *page = (uint64_t *)CONTROL; page < (uint64_t *)(CONTROL + PAGES * PAGE);
         page += 512) {
        *page = 0;
    }
    ((uint64_t *)CONTROL)[511] = (uint64_t)puppet; /* where the others begin */
    puppet_main((struct block *)CONTROL, __syscall_capabilities[ANOS_SYS_SLEEP]);
}
