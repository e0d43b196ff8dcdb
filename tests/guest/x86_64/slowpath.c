/*
 * All calls by int 0x69 (anos-abi 1.2): the same status as by syscall. The value
 * comes in rdx under `derived`; STAGE3 leaves the caller's rdx there.
 */
#include "check.h"

#define SENTINEL UINT64_C(0x77)

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static char buffer[64];
static volatile uint64_t channel, woken, thread_ended;
static bool bearer;

static void slow(const char *name, int id, uint64_t a, uint64_t b, uint64_t d, int64_t type)
{
    const result got = slow_call(id, a, b, SENTINEL, d);
    char detail[64];
    snprintf(detail, sizeof detail, "type %lld value %#llx", (long long)got.type,
             (unsigned long long)got.value);
    check(got.type == type && (!bearer || got.value == SENTINEL)
              && (bearer || type == ANOS_OK || got.value == 0), name, detail);
}

static void slow_value(const char *name, int id, uint64_t a, uint64_t b, uint64_t value)
{
    const result got = slow_call(id, a, b, SENTINEL, 0);
    CHECK(name, got.type == ANOS_OK && got.value == (bearer ? SENTINEL : value));
}

static void answer(void)
{
    uint64_t tag;
    for (;;) {
        const result got = anos_recv_message(channel, &tag, NULL, NULL);
        anos_reply_message(got.value, tag == 0x79 ? 0 : 0x1234);
    }
}

static void send_fast(void)
{
    woken = anos_send_message(channel, 5, 0, NULL).value;
    anos_kill_current_task();
}

static void end_slowly(void)
{
    thread_ended = 1;
    slow_call(ANOS_SYS_KILL_CURRENT_TASK, 0, 0, 0, 0);
    thread_ended = 2;
}

static void child(const uint64_t *arguments)
{
    anos_send_message(arguments[0], 5, 0, NULL);
}

static void check_messages(void)
{
    slow_value("1.2/8 send", ANOS_SYS_SEND_MESSAGE, channel, 1, 0x1234); /* size 0x77, no page */
    slow("1.2/8 send, bad buffer",
         ANOS_SYS_SEND_MESSAGE, channel, 1, (uint64_t)page + 8, ANOS_BADARGS);
    slow("1.2/8 send, unknown channel", ANOS_SYS_SEND_MESSAGE, 5, 1, 0, ANOS_FAILURE);
    slow("1.2/8 send, reply 0", ANOS_SYS_SEND_MESSAGE, channel, 0x79, 0, ANOS_FAILURE);
    channel = anos_create_channel().value;
    start_thread(send_fast, ANOS_CLASS_NORMAL);
    static uint64_t words[2];
    const result got = raw_call(true, __syscall_capabilities[ANOS_SYS_RECV_MESSAGE], channel,
                                (uint64_t)&words[0], (uint64_t)&words[1], 0);
    CHECK("1.2/9 receive", got.type == ANOS_OK && words[0] == 5 && words[1] == 0);
    if (bearer) {
        CHECK("1.2/9 the message is lost: its cookie was the value",
              got.value == (uint64_t)&words[1]);
        anos_destroy_channel(channel);
    } else {
        slow_value("1.2/10 reply", ANOS_SYS_REPLY_MESSAGE, got.value, 9, got.value);
        CHECK("1.2/10 it reaches the sender", wait_for(&woken) && woken == 9);
    }
    slow("1.2/9 receive, unknown channel", ANOS_SYS_RECV_MESSAGE, 5, 0, 0, ANOS_FAILURE);
    slow("1.2/10 reply, unknown", ANOS_SYS_REPLY_MESSAGE, 5, 9, 0, ANOS_FAILURE);
}

static void check_names(void)
{
    const result made = slow_call(ANOS_SYS_CREATE_CHANNEL, 0, 0, SENTINEL, 0);
    CHECK("1.2/11 create", made.type == ANOS_OK && (made.value == SENTINEL) == bearer);
    const uint64_t mine = anos_create_channel().value;
    slow("1.2/13 register", ANOS_SYS_REGISTER_NAMED_CHANNEL, mine, (uint64_t) "slow", 0, ANOS_OK);
    slow("1.2/13 taken",
         ANOS_SYS_REGISTER_NAMED_CHANNEL, mine, (uint64_t) "slow", 0, ANOS_BAD_NUMBER);
    slow_value("1.2/15 find", ANOS_SYS_FIND_NAMED_CHANNEL, (uint64_t) "slow", 0,
               anos_find_named_channel("slow").value);
    slow("1.2/15 bad pointer", ANOS_SYS_FIND_NAMED_CHANNEL, ANOS_KERNEL_BEGIN, 0, 0, ANOS_BAD_NAME);
    slow("1.2/14 remove", ANOS_SYS_DEREGISTER_NAMED_CHANNEL, (uint64_t) "slow", 0, 0, ANOS_OK);
    slow("1.2/14 unknown",
         ANOS_SYS_DEREGISTER_NAMED_CHANNEL, (uint64_t) "slow", 0, 0, ANOS_BAD_NAME);
    slow("1.2/12 destroy", ANOS_SYS_DESTROY_CHANNEL, mine, 0, 0, ANOS_OK);
}

static void check_memory(void)
{
    const uint64_t area = 0x500000000, size = PAGE;
    slow("1.2/4 mem_info", ANOS_SYS_MEMSTATS, (uint64_t)page, 0, 0, ANOS_OK);
    slow("1.2/4 bad pointer", ANOS_SYS_MEMSTATS, ANOS_KERNEL_BEGIN, 0, 0, ANOS_BADARGS);
    slow_value("1.2/7 map", ANOS_SYS_MAP_VIRTUAL, size, area, area); /* flags 0x77 have WRITE */
    *(volatile uint64_t *)area = 1;
    slow("1.2/7 size 0", ANOS_SYS_MAP_VIRTUAL, 0, area, 0, ANOS_BADARGS);
    slow("1.2/17 unmap", ANOS_SYS_UNMAP_VIRTUAL, size, area, 0, ANOS_OK);
    slow("1.2/17 bad base", ANOS_SYS_UNMAP_VIRTUAL, size, ANOS_KERNEL_BEGIN, 0, ANOS_BADARGS);
    slow("1.2/18 create", ANOS_SYS_CREATE_REGION, area, area + size, 0, ANOS_OK);
    slow("1.2/18 empty", ANOS_SYS_CREATE_REGION, area, area, 0, ANOS_BADARGS);
    slow("1.2/19 destroy", ANOS_SYS_DESTROY_REGION, area, 0, 0, ANOS_OK);
    slow("1.2/19 unaligned", ANOS_SYS_DESTROY_REGION, area + 1, 0, 0, ANOS_BADARGS);
    CHECK("1.2/21 map_physical",
          raw_call(true, __syscall_capabilities[ANOS_SYS_MAP_PHYSICAL], 0xE0000000,
                                      area, size, 0).type == ANOS_OK);
    slow("1.2/21 unaligned size", ANOS_SYS_MAP_PHYSICAL, 0xE0000000, area, 0, ANOS_BADARGS);
    const result made = slow_call(ANOS_SYS_ALLOC_PHYSICAL_PAGES, size, 0, SENTINEL, 0);
    CHECK("1.2/22 alloc", made.type == ANOS_OK && (made.value == SENTINEL) == bearer);
    slow("1.2/22 size 0", ANOS_SYS_ALLOC_PHYSICAL_PAGES, 0, 0, 0, ANOS_BADARGS);
}

static void check_devices(void)
{
    uint32_t data = 0;
    slow("1.2/20 firmware tables", ANOS_SYS_MAP_FIRMWARE_TABLES, (uint64_t)buffer, 0, 0, ANOS_OK);
    slow("1.2/20 again", ANOS_SYS_MAP_FIRMWARE_TABLES, (uint64_t)buffer, 0, 0, ANOS_FAILURE);
    const result got = raw_call(true, __syscall_capabilities[ANOS_SYS_ALLOC_INTERRUPT_VECTOR], 0,
                                (uint64_t)page, (uint64_t)&data, 0);
    CHECK("1.2/23 vector", got.type == ANOS_OK && data == ANOS_MSI_FIRST);
    slow("1.2/23 bad pointer",
         ANOS_SYS_ALLOC_INTERRUPT_VECTOR, 0, ANOS_KERNEL_BEGIN, 0, ANOS_BADARGS);
    slow("1.2/24 unknown vector", ANOS_SYS_WAIT_INTERRUPT, 3, (uint64_t)page, 0, ANOS_FAILURE);
    slow("1.2/24 bad pointer", ANOS_SYS_WAIT_INTERRUPT, 3, ANOS_KERNEL_BEGIN, 0, ANOS_BADARGS);
    slow("1.2/26 framebuffer", ANOS_SYS_GET_FRAMEBUFFER_PHYS, (uint64_t)buffer, 0, 0, ANOS_OK);
    slow("1.2/26 bad pointer",
         ANOS_SYS_GET_FRAMEBUFFER_PHYS, ANOS_KERNEL_BEGIN, 0, 0, ANOS_BADARGS);
    slow("1.2/1 print", ANOS_SYS_DEBUG_PRINT, (uint64_t) "printed slowly\n", 0, 0, ANOS_OK);
    slow_value("1.2/25 read", ANOS_SYS_READ_KERNEL_LOG, (uint64_t)buffer, 5, 5);
    slow("1.2/25 size 0", ANOS_SYS_READ_KERNEL_LOG, (uint64_t)buffer, 0, 0, ANOS_BADARGS);
    slow("1.2/2 a character", ANOS_SYS_DEBUG_CHAR, '\n', 0, 0, ANOS_OK);
}

static void check_threads(void)
{
    static uint64_t stack[512];
    const result made = raw_call(true, __syscall_capabilities[ANOS_SYS_CREATE_THREAD],
                                 (uint64_t)end_slowly, (uint64_t)&stack[511], ANOS_CLASS_NORMAL, 0);
    CHECK("1.2/3 create", made.type == ANOS_OK);
    slow("1.2/3 class 0x77", ANOS_SYS_CREATE_THREAD, (uint64_t)end_slowly, 0, 0, ANOS_BADARGS);
    slow("1.2/5 sleep", ANOS_SYS_SLEEP, 0, 0, 0, ANOS_OK);
    CHECK("1.2/16 kill does not return", wait_for(&thread_ended) && thread_ended == 1);
    struct anos_process_params params = child_params("child", child, (uint64_t[4]){channel}, NULL);
    const result process = slow_call(ANOS_SYS_CREATE_PROCESS, (uint64_t)&params, 0, SENTINEL, 0);
    CHECK("1.2/6 create", process.type == ANOS_OK && (process.value == SENTINEL) == bearer);
    slow("1.2/6 bad pointer", ANOS_SYS_CREATE_PROCESS, ANOS_KERNEL_BEGIN, 0, 0, ANOS_BADARGS);
}

int main(void)
{
    bearer = is_bearer();
    channel = anos_create_channel().value;
    start_thread(answer, ANOS_CLASS_NORMAL);
    check_messages();
    check_names();
    check_memory();
    check_devices();
    check_threads();
    return finish();
}
