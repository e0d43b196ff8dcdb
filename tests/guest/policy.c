/*
 * Where the policies differ: whoever knows a number may use it under `bearer`;
 * under `derived`, who was given it. What guessing numbers costs under either; and
 * what is memory to be executed.
 */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define MASK UINT64_C(0x5555555555555555) /* so that the kernel takes it for no cookie */
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t channel, secret;
static bool bearer;
static const uint8_t give_seven[] = CODE_GIVES(7);

/* Uses a channel and a call that it has only heard of. */
static void stranger(const uint64_t *arguments)
{
    const uint64_t to = arguments[0], number = arguments[1] ^ MASK, call = arguments[2] ^ MASK;
    const uint64_t message = arguments[3] ^ MASK;
    anos_send_message(to, (uint64_t)anos_recv_message(number, (void *)1, NULL, page + 1).type, 0,
                      NULL);
    anos_send_message(to, (uint64_t)anos_recv_message(number, NOWHERE, NULL, NULL).type, 0, NULL);
    anos_send_message(to, (uint64_t)anos_register_channel_name(number, "stranger").type, 0, NULL);
    anos_send_message(to, (uint64_t)anos_send_message(number, 1, PAGE + 1, NULL).type, 0, NULL);
    anos_send_message(to, (uint64_t)raw_call(false, call, 0, 0, 0, 0).type, 0, NULL);
    anos_send_message(to, (uint64_t)raw_call(true, call, 0, 0, 0, 0).type, 0, NULL);
    anos_send_message(to, (uint64_t)anos_reply_message(message, 9).type, 0, NULL);
    anos_send_message(to, (uint64_t)anos_destroy_channel(number).type, 0, NULL);
}

static uint64_t hear(void)
{
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, NULL);
    anos_reply_message(got.value, 1);
    return tag;
}

static void expect(const char *name, int64_t under_bearer, int64_t under_derived)
{
    char detail[60];
    const int64_t got = (int64_t)hear();
    snprintf(detail, sizeof detail, "status %lld", (long long)got);
    check(got == (bearer ? under_bearer : under_derived), name, detail);
}

static void send_secret(void)
{
    anos_send_message(secret, 1, 0, NULL);
    anos_kill_current_task();
}

static void check_numbers(void)
{
    secret = anos_create_channel().value;
    start_thread(send_secret, ANOS_CLASS_NORMAL);
    const uint64_t message = anos_recv_message(secret, NULL, NULL, NULL).value;
    const uint64_t arguments[] = {channel, secret ^ MASK,
        __syscall_capabilities[ANOS_SYS_SLEEP] ^ MASK, message ^ MASK};
    struct anos_process_params params = child_params("stranger", stranger, arguments, NULL);
    is("2 a child that was told numbers", anos_create_process(&params), ANOS_OK);
    expect("1.8/9 a bad buffer comes before an unheld channel", ANOS_BADARGS, ANOS_BADARGS);
    expect("1.8/9 receive on an unheld channel", ANOS_BADARGS, ANOS_FAILURE);
    expect("1.8/13 name an unheld channel", ANOS_OK, ANOS_BAD_NUMBER);
    expect("1.8/8 send to an unheld channel", ANOS_FAILURE, ANOS_FAILURE);
    expect("1.5 an unheld call", ANOS_OK, ANOS_INCAPABLE);
    expect("1.2 an unheld call by int 0x69", ANOS_OK, ANOS_INCAPABLE);
    expect("1.8/10 reply to an unheld message", ANOS_OK, ANOS_FAILURE);
    expect("1.8/12 destroy an unheld channel", ANOS_OK, ANOS_OK);
    is("1.8/12 has destroyed it under bearer only", anos_register_channel_name(secret, "mine"),
       bearer ? ANOS_BAD_NUMBER : ANOS_OK);
    anos_destroy_channel(secret);
}

/* ---- executing ---- */

/* A child waits for a message, runs some code, and replies with what that gave. */
static uint64_t take(const uint64_t *arguments)
{
    return anos_recv_message(arguments[0], NULL, NULL, NULL).value;
}

static void run(uint64_t message, void *code)
{
    anos_reply_message(message, (uint64_t)((int (*)(void))code)());
}

static uint8_t data[PAGE] __attribute__((aligned(PAGE)));

static int seven(void)
{
    return 7;
}

static void run_text(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    run(message, (void *)seven);
}

static void run_data(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    memcpy(data, give_seven, sizeof give_seven);
    run(message, data);
}

static void run_stack(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    uint8_t code[16];
    memcpy(code, give_seven, sizeof give_seven);
    __asm__ volatile("" ::"r"(code) : "memory");
    run(message, code);
}

static void run_mapped(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    anos_map_virtual(PAGE, AREA, arguments[1]);
    memcpy((void *)AREA, give_seven, sizeof give_seven);
    run(message, (void *)AREA);
}

static void run_region(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    anos_create_region(AREA, AREA + PAGE, ANOS_REGION_AUTOMAP);
    memcpy((void *)AREA, give_seven, sizeof give_seven);
    run(message, (void *)AREA);
}

static void run_physical(const uint64_t *arguments)
{
    const uint64_t message = take(arguments);
    const uint64_t frame = anos_alloc_physical_pages(PAGE).value;
    anos_map_physical(frame, AREA + PAGE, PAGE, RW);
    memcpy((void *)(AREA + PAGE), give_seven, sizeof give_seven);
    anos_map_physical(frame, AREA, PAGE, arguments[1]);
    run(message, (void *)AREA);
}

static void run_message(const uint64_t *arguments)
{
    const uint64_t message
        = anos_recv_message(arguments[0], NULL, NULL, (void *)AREA).value;
    run(message, (void *)AREA);
}

static void executes(const char *name, void (*body)(const uint64_t *), uint64_t flags, bool derived)
{
    char detail[60];
    const uint64_t line = anos_create_channel().value;
    memcpy(page, give_seven, sizeof give_seven);
    start_child("runner", body, line, flags);
    const result got = anos_send_message(line, 1, 8, page);
    const bool ran = got.type == ANOS_OK && got.value == 7;
    snprintf(detail, sizeof detail, "type %lld value %#llx", (long long)got.type,
             (unsigned long long)got.value);
    check(ran == (bearer || derived) && (ran || got.type == ANOS_FAILURE), name, detail);
    anos_destroy_channel(line);
}

static void check_execution(void)
{
    const uint64_t x = ANOS_MAP_EXEC;
    executes("5.1 a program's text runs", run_text, 0, true);
    executes("5.1 data does not run under derived", run_data, 0, false);
    executes("5.1 the stack does not run under derived", run_stack, 0, false);
    executes("5.1 memory that appears in a region does not run under derived", run_region, 0,
             false);
    executes("5.1 a message's page does not run under derived", run_message, 0, false);
    executes("5.1 map_virtual without EXEC does not run under derived", run_mapped, RW, false);
    executes("5.1 map_virtual with EXEC runs", run_mapped, RW | x, true);
    executes("5.1 map_physical without EXEC does not run under derived", run_physical,
             ANOS_MAP_READ, false);
    executes("5.1 map_physical with EXEC runs", run_physical, ANOS_MAP_READ | x, true);
    executes("5.1 NOCACHE makes no difference", run_mapped, RW | x | ANOS_MAP_NOCACHE, true);
}

static void check_slow_value(void)
{
    const result got = slow_call(ANOS_SYS_CREATE_CHANNEL, 0, 0, 0x66, 0);
    CHECK("1.2 int 0x69 loses the value under bearer, as in STAGE3",
          (got.value == 0x66) == (bearer && HAS_SLOW_CALL));
    const result refused = raw_call(true, 0x1234567, 0, 0, 0x66, 0);
    CHECK("1.2 a refusal has value 0 under derived",
          refused.type == ANOS_INCAPABLE && refused.value == (bearer && HAS_SLOW_CALL ? 0x66 : 0));
    const result fast = raw_call(false, 0x1234567, 0, 0, 0x66, 0);
    is("1.4 by syscall it always has", fast, ANOS_INCAPABLE);
    is("1.5 cookie 0 is INCAPABLE", raw_call(false, 0, 0, 0, 0, 0), ANOS_INCAPABLE);
    is("1.5 a channel is no call", raw_call(false, channel, 0, 0, 0, 0), ANOS_INCAPABLE);
    bool distinct = true;
    for (int i = 1; i <= 26; i++) {
        distinct = distinct && __syscall_capabilities[i] != 0;
        for (int k = 1; k < i; k++) {
            distinct = distinct && __syscall_capabilities[i] != __syscall_capabilities[k];
        }
    }
    CHECK("1.6 the 26 cookies differ and are not 0", distinct);
    CHECK("1.7 there is no call 0, and none between 26 and 64",
          !__syscall_capabilities[0] && !__syscall_capabilities[27] && !__syscall_capabilities[63]);
}

/* A cookie that nobody has: INCAPABLE, and each time it takes longer (anos-abi 1.5). */
static void check_refusal(void)
{
    uint64_t longest = 0, shortest = ~UINT64_C(0);
    bool right = true;
    for (int i = 0; i < 250; i++) {
        const uint64_t before = now();
        const result got = raw_call(i % 2, i % 3 ? 0 : 0x123456789, 1, 2, 0x77, 4);
        const uint64_t spent = now() - before;
        right = right && got.type == ANOS_INCAPABLE && (got.value == 0 || (bearer && i % 2));
        longest = spent > longest ? spent : longest;
        shortest = spent < shortest ? spent : shortest;
        if (i == 0) {
            CHECK("1.5 the first costs 50 to 100 thousand cycles", spent >= 50000
                  && spent < 101000);
        }
    }
    CHECK("1.5 an unknown cookie is INCAPABLE by either way", right);
    CHECK("1.5 guessing gets expensive, up to 2 million cycles",
          longest > 1000000 && longest < 2001000 && shortest >= 50000);
}

int main(void)
{
    bearer = is_bearer();
    channel = anos_create_channel().value;
    check_refusal();
    memset(page, 1, sizeof page);
    check_numbers();
    check_slow_value();
    check_execution();
    return finish();
}
