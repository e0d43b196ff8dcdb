/* Calls 8 to 12: messages inside one process (anos-abi 4). */
#include "check.h"

#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define WINDOW UINT64_C(0xa0000000)

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t channel, reply_with, served, stop_after, sends_done;
static volatile result last_sent, last_received;

/* Answer `stop_after` messages with `reply_with`; the page's first word becomes the tag. */
static void serve(void)
{
    for (served = 0; served < stop_after;) {
        uint64_t tag = 0, size = 0;
        const result got = anos_recv_message(channel, &tag, &size, (void *)WINDOW);
        if (got.type != ANOS_OK) {
            break;
        }
        if (size) {
            *(volatile uint64_t *)WINDOW = tag;
        }
        served++;
        anos_reply_message(got.value, reply_with);
    }
    anos_kill_current_task();
}

static void serving(uint64_t count, uint64_t reply)
{
    stop_after = count;
    reply_with = reply;
    start_thread(serve, ANOS_CLASS_NORMAL);
}

static void send_one(void)
{
    last_sent = anos_send_message(channel, 5, 0, NULL);
    sends_done++;
    anos_kill_current_task();
}

static void receive_one(void)
{
    last_received = anos_recv_message(channel, NULL, NULL, NULL);
    sends_done++;
    anos_kill_current_task();
}

static void check_arguments(void)
{
    uint64_t word;
    is("1.8/8 unaligned buffer is BADARGS", anos_send_message(channel, 0, 8, page + 8),
       ANOS_BADARGS);
    is("1.8/8 kernel buffer is BADARGS", anos_send_message(channel, 0, 8, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("1.8/8 the buffer is looked at before the rest",
       anos_send_message(12345, 0, PAGE + 1, page + 8), ANOS_BADARGS);
    is("1.8/8 more than a page is FAILURE", anos_send_message(channel, 0, PAGE + 1, page),
       ANOS_FAILURE);
    is("1.8/8 send to unknown channel is FAILURE", anos_send_message(12345, 0, 8, page),
       ANOS_FAILURE);
    is("1.8/8 send to channel 0 is FAILURE", anos_send_message(0, 0, 0, NULL), ANOS_FAILURE);
    is("1.8/8 a call's cookie is no channel",
       anos_send_message(__syscall_capabilities[ANOS_SYS_SLEEP], 0, 0, NULL), ANOS_FAILURE);
    is("1.8/9 unaligned buffer is BADARGS", anos_recv_message(channel, NULL, NULL, page + 8),
       ANOS_BADARGS);
    is("1.8/9 kernel buffer is BADARGS", anos_recv_message(channel, NULL, NULL, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("1.8/9 kernel tag is BADARGS", anos_recv_message(channel, KERNEL_ADDRESS, NULL, NULL),
       ANOS_BADARGS);
    is("1.8/9 kernel size is BADARGS", anos_recv_message(channel, NULL, KERNEL_ADDRESS, NULL),
       ANOS_BADARGS);
    is("1.8/9 unmapped tag is BADARGS", anos_recv_message(channel, NOWHERE, &word, NULL),
       ANOS_BADARGS);
    is("1.8/9 unmapped size is BADARGS", anos_recv_message(channel, &word, NOWHERE, NULL),
       ANOS_BADARGS);
    is("1.8/9 unknown channel is FAILURE", anos_recv_message(12345, NULL, NULL, NULL),
       ANOS_FAILURE);
    is("1.8/10 unknown message is FAILURE", anos_reply_message(12345, 1), ANOS_FAILURE);
    is("1.8/10 a channel is no message", anos_reply_message(channel, 1), ANOS_FAILURE);
}

static void check_matrix(void)
{
    is("4.6 send, kernel buffer", anos_send_message(channel, 0, 8, KERNEL_ADDRESS), ANOS_BADARGS);
    is("4.6 send, buffer of the last page but half", anos_send_message(channel, 0, 8,
       (void *)(ANOS_USER_END - PAGE / 2)), ANOS_BADARGS);
    is("4.6 send, buffer at 2^47", anos_send_message(channel, 0, 8, (void *)ANOS_USER_END),
       ANOS_BADARGS);
    is("4.6 send, buffer at 2^63", anos_send_message(channel, 0, 8, (void *)(UINT64_C(1) << 63)),
       ANOS_BADARGS);
    is("4.6 send, 4097 bytes", anos_send_message(channel, 0, 4097, page), ANOS_FAILURE);
    is("4.6 send, 2^64 - 1 bytes", anos_send_message(channel, 0, ~UINT64_C(0), page),
       ANOS_FAILURE);
    is("4.6 send, 4097 bytes of nothing", anos_send_message(channel, 0, 4097, NULL), ANOS_FAILURE);
    is("4.6 send, unknown cookie", anos_send_message(channel + 1, 0, 8, page), ANOS_FAILURE);
    is("4.6 receive, kernel buffer", anos_recv_message(channel, NULL, NULL, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("4.6 receive, unaligned buffer", anos_recv_message(channel, NULL, NULL, page + 1),
       ANOS_BADARGS);
    is("4.6 receive, buffer at 2^47", anos_recv_message(channel, NULL, NULL,
       (void *)ANOS_USER_END), ANOS_BADARGS);
    is("4.6 receive, unknown cookie", anos_recv_message(channel + 1, NULL, NULL, page),
       ANOS_FAILURE);
    is("4.6 reply, unknown cookie", anos_reply_message(channel + 1, 5), ANOS_FAILURE);
    is("4.6 reply, cookie 0", anos_reply_message(0, 5), ANOS_FAILURE);
}

static void check_round_trip(void)
{
    serving(6, 77);
    memset(page, 1, sizeof page);
    gives("1.8/8 send gets the reply", anos_send_message(channel, 0x1122334455667788, 1, page), 77);
    CHECK("4.3 the receiver wrote into the sender's page", *(uint64_t *)page == 0x1122334455667788);
    gives("1.8/8 a whole page", anos_send_message(channel, 9, PAGE, page), 77);
    gives("4.3 a ping without a buffer", anos_send_message(channel, 10, 0, NULL), 77);
    gives("4.3 size 0 carries no page", anos_send_message(channel, 11, 0, page), 77);
    CHECK("4.3 so nothing was written", *(uint64_t *)page == 9);
    anos_map_virtual(PAGE, 0x710000000, RW);
    anos_map_virtual(PAGE, 0x710001000, RW);
    gives("4.3 a page that was never touched",
          anos_send_message(channel, 12, 8, (void *)0x710000000), 77);
    CHECK("4.3 becomes the sender's own", *(uint64_t *)0x710000000 == 12);
    CHECK("4.3 and no other zero page changes", *(uint64_t *)0x710001000 == 0);
    reply_with = 0;
    is("1.8/8 reply 0 is FAILURE", anos_send_message(channel, 13, 0, NULL), ANOS_FAILURE);
}

static void check_receive(void)
{
    uint64_t tag = 0, size = 0;
    sends_done = 0;
    start_thread(send_one, ANOS_CLASS_NORMAL);
    const result got = anos_recv_message(channel, &tag, &size, NULL);
    is("1.8/9 receive", got, ANOS_OK);
    CHECK("1.8/9 tag and size", tag == 5 && size == 0);
    CHECK("4.2 the sender waits", sends_done == 0);
    gives("1.8/10 reply gives the message", anos_reply_message(got.value, 3), got.value);
    is("1.8/10 reply again is FAILURE", anos_reply_message(got.value, 3), ANOS_FAILURE);
    CHECK("1.8/10 the sender goes on", wait_for(&sends_done) && last_sent.value == 3);

    start_thread(send_one, ANOS_CLASS_NORMAL);
    const result bare = anos_recv_message(channel, NULL, NULL, NULL);
    is("1.8/9 receive without pointers", bare, ANOS_OK);
    is("1.8/12 destroy with a message under way", anos_destroy_channel(channel), ANOS_OK);
    sends_done = 0;
    gives("4.5 it can still be answered", anos_reply_message(bare.value, 4), bare.value);
    CHECK("4.5 and its sender hears it", wait_for(&sends_done) && last_sent.value == 4);
    channel = anos_create_channel().value;
}

static void check_destroy(void)
{
    sends_done = 0;
    start_thread(send_one, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(0);
    anos_destroy_channel(channel);
    CHECK("4.6 destroyed while sending is FAILURE",
          wait_for(&sends_done) && last_sent.type == ANOS_FAILURE && !last_sent.value);
    channel = anos_create_channel().value;
    sends_done = 0;
    start_thread(receive_one, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(0);
    anos_destroy_channel(channel);
    CHECK("4.6 destroyed while receiving is FAILURE",
          wait_for(&sends_done) && last_received.type == ANOS_FAILURE && !last_received.value);
    channel = anos_create_channel().value;
}

static volatile uint64_t turn;

static void send_in_turn(void)
{
    const uint64_t mine = __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
    const result got = anos_send_message(channel, 100 + mine, 0, NULL);
    if (got.value == 200 + mine) {
        __atomic_fetch_add(&sends_done, 1, __ATOMIC_SEQ_CST);
    }
    anos_kill_current_task();
}

static void check_order(void)
{
    turn = sends_done = 0;
    for (int i = 0; i < 5; i++) {
        start_thread(send_in_turn, ANOS_CLASS_NORMAL);
        anos_task_sleep_current(0);
    }
    bool in_order = true;
    uint64_t cookies[5];
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t tag;
        cookies[i] = anos_recv_message(channel, &tag, NULL, NULL).value;
        in_order = in_order && tag == 100 + i;
    }
    CHECK("4.2 messages queue in order", in_order);
    for (int i = 4; i >= 0; i--) {
        anos_reply_message(cookies[i], 200 + i);
    }
    for (int i = 0; i < 10 && sends_done < 5; i++) {
        anos_task_sleep_current(0);
    }
    CHECK("4.4 each reply reaches its sender, in any order", sends_done == 5);
}

/* A receiver's window, as a server keeps it: one address, message after message. */
static void check_same_window(void)
{
    serving(500, 1);
    bool right = true;
    for (uint64_t i = 1; i <= 500; i++) {
        *(volatile uint64_t *)page = 0;
        anos_send_message(channel, i, 8, page);
        right = right && *(volatile uint64_t *)page == i;
    }
    CHECK("4.3 five hundred messages through one window", right);
}

int main(void)
{
    channel = anos_create_channel().value;
    check_arguments();
    check_matrix();
    check_round_trip();
    check_receive();
    check_destroy();
    check_order();
    check_same_window();
    return finish();
}
