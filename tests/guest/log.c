/* Calls 1, 2 and 25: the kernel log (anos-abi 7.5). Prints nothing until it is done with it. */
#include "check.h"

static char text[3 * PAGE] __attribute__((aligned(PAGE)));
static char buffer[70000];
static volatile uint64_t read_bytes;

static void reader(void)
{
    read_bytes = anos_read_kernel_log(buffer, sizeof buffer, 0).value;
    anos_kill_current_task();
}

static char pieces[2][16];
static volatile uint64_t piece_bytes[2], pieces_read, readers;

static void compete(void)
{
    const uint64_t mine = readers++;
    piece_bytes[mine] = anos_read_kernel_log(pieces[mine], 4, 0).value;
    pieces_read++;
    anos_kill_current_task();
}

#define LATER UINT64_C(0x500000000)
static volatile int64_t nothing_got;

static void compete_for_nothing(void)
{
    anos_map_virtual(PAGE, LATER, ANOS_MAP_READ | ANOS_MAP_WRITE);
    nothing_got = anos_read_kernel_log((void *)LATER, 4, 0).type;
    anos_kill_current_task();
}

static void drain(void)
{
    anos_kprint("\n");
    anos_read_kernel_log(buffer, sizeof buffer, 0);
}

int main(void)
{
    struct {
        const char *name;
        result got;
        int64_t type;
        uint64_t value;
    } facts[32];
    int count = 0;
#define FACT(what, call, expected, number)                                                         \
    facts[count++] = (typeof(*facts)){what, call, expected, number}
    drain();
    FACT("1.8/1 print", anos_kprint("abc\n"), ANOS_OK, 0);
    FACT("1.8/25 read a part", anos_read_kernel_log(buffer, 2, 0), ANOS_OK, 2);
    const bool part = memcmp(buffer, "ab", 2) == 0;
    FACT("1.8/25 read the rest, flags do not matter", anos_read_kernel_log(buffer, 100, ~0ull),
         ANOS_OK, 2);
    const bool rest = memcmp(buffer, "c\n", 2) == 0;
    FACT("1.8/1 kernel pointer is OK", anos_kprint(KERNEL_ADDRESS), ANOS_OK, 0);
    FACT("1.8/1 unmapped pointer is OK", anos_kprint(NOWHERE), ANOS_OK, 0);
    FACT("1.8/1 empty text", anos_kprint(""), ANOS_OK, 0);
    FACT("1.8/2 a character", anos_kputchar('x'), ANOS_OK, 0);
    FACT("1.8/2 character 0", anos_kputchar(0), ANOS_OK, 0);
    FACT("1.8/2 newline", anos_kputchar('\n'), ANOS_OK, 0);
    anos_kprint("y\n");
    FACT("1.8/2 characters are not in the log", anos_read_kernel_log(buffer, 100, 0), ANOS_OK, 2);
    memset(text, 'z', sizeof text);
    text[2 * PAGE + 5] = '\0';
    anos_kprint(text + 5);
    FACT("1.8/1 texts may cross pages", anos_read_kernel_log(buffer, sizeof buffer, 0), ANOS_OK,
         2 * PAGE);
    anos_kprint("\n");
    FACT("1.8/25 size 0 is BADARGS", anos_read_kernel_log(buffer, 0, 0), ANOS_BADARGS, 0);
    FACT("1.8/25 kernel buffer is BADARGS", anos_read_kernel_log(KERNEL_ADDRESS, 8, 0),
         ANOS_BADARGS, 0);
    FACT("1.8/25 unmapped buffer is BADARGS", anos_read_kernel_log(NOWHERE, 8, 0), ANOS_BADARGS, 0);
    FACT("1.8/25 nothing was lost by that", anos_read_kernel_log(buffer, 100, 0), ANOS_OK, 1);
    FACT("1.8/25 unmapped buffer, nothing in the log", anos_read_kernel_log(NOWHERE, 8, 0),
         ANOS_BADARGS, 0);
    start_thread(reader, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(0);
    anos_task_sleep_current(0);
    const bool waits = read_bytes == 0;
    anos_kprint("wake\n");
    const bool woken = wait_for(&read_bytes) && read_bytes == 5 && memcmp(buffer, "wake\n", 5) == 0;
    for (int i = 0; i < 9; i++) {
        memset(text, '0' + i, 2 * PAGE - 1);
        text[2 * PAGE - 1] = '\n';
        text[2 * PAGE] = '\0';
        anos_kprint(text);
    }
    FACT("7.5 the ring holds 64 KiB", anos_read_kernel_log(buffer, sizeof buffer, 0), ANOS_OK,
         65536);
    const bool newest = buffer[0] == '1' && buffer[65536 - 2] == '8';

    for (int i = 0; i < 2; i++) {
        start_thread(compete, ANOS_CLASS_NORMAL);
        anos_task_sleep_current(0);
    }
    anos_kprint("onetwo\n");
    for (int i = 0; i < 100 && pieces_read < 2; i++) {
        anos_task_sleep_current(0);
    }
    const bool shared = pieces_read == 2 && piece_bytes[0] == 4 && piece_bytes[1] == 3
                        && memcmp(pieces[0], "onet", 4) == 0 && memcmp(pieces[1], "wo\n", 3) == 0;
    start_thread(compete_for_nothing, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(0);
    anos_unmap_virtual(PAGE, LATER);
    anos_kprint("left\n");
    anos_task_sleep_current(0);
    const bool gone = nothing_got == ANOS_BADARGS;
    FACT("1.8/25 and takes nothing away", anos_read_kernel_log(buffer, 100, 0), ANOS_OK, 5);
    const bool whole = memcmp(buffer, "left\n", 5) == 0;

    for (int i = 0; i < count; i++) {
        if (facts[i].type == ANOS_OK) {
            gives(facts[i].name, facts[i].got, facts[i].value);
        } else {
            is(facts[i].name, facts[i].got, facts[i].type);
        }
    }
    CHECK("1.8/25 bytes in order", part && rest);
    CHECK("1.8/25 a reader waits while there is nothing", waits);
    CHECK("1.8/25 and wakes when there is something", woken);
    CHECK("7.5 the oldest bytes are dropped", newest);
    CHECK("7.5 readers that wait share what comes, in order", shared);
    CHECK("1.8/25 a buffer that has gone while its reader waited is BADARGS", gone);
    CHECK("1.8/25 the next reader gets all of it", whole);
    return finish();
}
