/*
 * test_server (anos-abi 9.7), which also checks what it was started with: the
 * worked example of 3.5, word by word, and floating point across its sleeps.
 */
#include "anos.h"
#include "floats.h"
#include "libc.h"

enum { EXAMPLE_WORDS = 20, BUSY_ROUNDS = 150000 };
static const uint64_t five_seconds_ns = 5000000000;

static unsigned constructed; /* once, and before main */

__attribute__((constructor)) static void construct(void)
{
    constructed++;
    anos_kprint("test_server: up\n");
}

static uint64_t text_word(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* crt0 has popped the first four words and used their place, but kept them. */
static void check_stack(void)
{
    const uint64_t sp = 0x43ffff60, *const stack = (const uint64_t *)sp;
    const uint64_t *const cookies = __syscall_capabilities;
    const uint64_t expected[EXAMPLE_WORDS] = {
        4, 0x43ffff90, 2, 0x43ffff80,
        0x43ffffd4, 0x43ffffea,
        1, cookies[1], 2, cookies[2], 18, cookies[18], 5, cookies[5],
        text_word("\0\0\0\0boot"), text_word(":/test_s"), text_word("erver.el"),
        text_word("f\0Hello,"), text_word(" World!\0"),
        0,
    };
    unsigned wrong = __initial_stack[0] != sp;
    for (unsigned i = 0; i < EXAMPLE_WORDS; i++) {
        const uint64_t found = i < 4 ? __initial_stack[1 + i] : stack[i];
        if (found != expected[i]) {
            printf("test_server: stack word %u is %lx, not %lx\n", i, found, expected[i]);
            wrong++;
        }
    }
    for (unsigned i = 0; i < 128; i++) {
        const bool held = i == 1 || i == 2 || i == 5 || i == 18;
        wrong += held != (cookies[i] != 0);
    }
    printf("test_server: stack image %s\n", wrong == 0 ? "as in 3.5" : "WRONG");
}

/* A value of .data, and pages that nobody has touched. */
static void check_memory(void)
{
    static uint64_t data[3] = {1, 2, 3}, zeroes[2 * PAGE];
    uint64_t sum = 0;
    for (unsigned i = 0; i < 2 * PAGE; i++) {
        sum |= zeroes[i];
    }
    data[0] += data[1] + data[2];
    printf("test_server: memory %s\n",
           sum == 0 && data[0] == 6 && constructed == 1 ? "as linked" : "WRONG");
}

static void sleep_with_floats(uint64_t seed, const char *text)
{
    const bool kept = floats_hold(seed, five_seconds_ns, 0);
    printf("test_server: %s%s\n", text, kept ? "" : ", floats LOST");
}

int main(int argc, char **argv)
{
    check_stack();
    check_memory();
    for (int i = 0; i < argc; i++) {
        printf("test_server: argv[%d] = %s\n", i, argv[i]);
    }
    const bool kept = floats_hold(3, 0, BUSY_ROUNDS), right = floats_compute(9, 100000);
    printf("test_server: floats %s %s\n", kept ? "kept" : "LOST", right ? "right" : "WRONG");
    for (uint64_t seed = 4;; seed += 2) {
        sleep_with_floats(seed, "beep");
        sleep_with_floats(seed + 1, "boop");
    }
}
