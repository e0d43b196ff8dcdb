/* What others notice when a thread or a process ends (anos-abi 4.5, 6.7). */
#include "check.h"

#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define WINDOW UINT64_C(0xb0000000)

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t channel, other;
static volatile uint64_t flag, cookie, answered;
static volatile result seen;

static void fault(void)
{
    __builtin_trap();
}

/* ---- in children ---- */

static void serve_and_fault(const uint64_t *arguments)
{
    anos_recv_message(arguments[0], NULL, NULL, (void *)WINDOW);
    *(volatile uint64_t *)(WINDOW + 16) = 77;
    fault();
}

static uint64_t child_to;

static void send_in_child(void)
{
    memset(page, 5, sizeof page);
    anos_send_message(child_to, 33, 8, page);
    anos_kill_current_task();
}

static void send_and_fault(const uint64_t *arguments)
{
    child_to = arguments[0];
    start_thread(send_in_child, ANOS_CLASS_NORMAL);
    anos_task_sleep_current(arguments[1]);
    fault();
}

static void block_sleeping(void)
{
    anos_task_sleep_current(1000000 * MS);
}

static void block_receiving(void)
{
    anos_recv_message(anos_create_channel().value, NULL, NULL, NULL);
}

static void block_on_interrupt(void)
{
    uint64_t address;
    uint32_t data, event;
    if (anos_alloc_interrupt_vector(0, &address, &data).type != ANOS_OK) {
        block_receiving();
    }
    anos_wait_interrupt((uint8_t)data, &event);
}

static void block_sending(void)
{
    anos_send_message(anos_create_channel().value, 1, 8, page);
}

static void block_everywhere(const uint64_t *arguments)
{
    void (*const bodies[])(void) = {block_sleeping, block_receiving, block_on_interrupt,
        block_sending};
    memset(page, 1, sizeof page);
    for (int i = 0; i < 4; i++) {
        start_thread(bodies[i], ANOS_CLASS_NORMAL);
    }
    anos_task_sleep_current(20 * MS);
    anos_send_message(arguments[0], 1, 0, NULL);
    fault();
}

static void go_on(void)
{
    anos_task_sleep_current(50 * MS);
    anos_send_message(child_to, 44, 0, NULL);
    anos_kill_current_task();
}

static void main_ends_first(const uint64_t *arguments)
{
    child_to = arguments[0];
    start_thread(go_on, ANOS_CLASS_NORMAL);
}

static void reply_for_others(const uint64_t *arguments)
{
    const uint64_t number = arguments[1] ^ 1;
    anos_send_message(arguments[0], (uint64_t)anos_reply_message(number, 66).type, 0, NULL);
}

/* ---- in this process ---- */

static void send_here(void)
{
    seen = anos_send_message(other, 8, 0, NULL);
    flag = 1;
    anos_kill_current_task();
}

static void reply_here(void)
{
    answered = anos_reply_message(cookie, 55).type == ANOS_OK ? 1 : 2;
    anos_kill_current_task();
}

static uint64_t hear(void)
{
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, NULL);
    anos_reply_message(got.value, 1);
    return tag;
}

static void check_receiver(void)
{
    memset(page, 3, sizeof page);
    const uint64_t line = anos_create_channel().value;
    start_child("server", serve_and_fault, line, 0);
    is("4.5 the receiver faults with a message in hand: FAILURE",
       anos_send_message(line, 1, 8, page), ANOS_FAILURE);
    CHECK("4.5 the sender's page is whole, with what was written",
          page[0] == 3 && *(uint64_t *)(page + 16) == 77);
    page[0] = 4;
    CHECK("4.5 and its own again", page[0] == 4);
    start_child("server", serve_and_fault, line, 0);
    is("4.5 another receiver on that channel, the same", anos_send_message(line, 1, 8, page),
       ANOS_FAILURE);
    is("4.5 the channel lives while its maker may receive", anos_register_channel_name(line, "l"),
       ANOS_OK);
    anos_destroy_channel(line);
}

static void check_sender(void)
{
    anos_task_sleep_current(0);
    uint64_t before = free_memory(), tag = 0;
    start_child("queued", send_and_fault, other, 20 * MS);
    anos_task_sleep_current(60 * MS);
    CHECK("4.5 a queued message's page and sender are free", free_memory() == before);
    start_thread(send_here, ANOS_CLASS_NORMAL);
    const result next = anos_recv_message(other, &tag, NULL, NULL);
    CHECK("4.5 a message whose sender has died is not received", tag == 8);
    anos_reply_message(next.value, 2);
    CHECK("4.5 the next one's sender goes on", wait_for(&flag) && seen.value == 2);

    anos_map_virtual(PAGE, WINDOW, RW);
    *(volatile uint64_t *)WINDOW = 1;
    anos_task_sleep_current(0);
    before = free_memory();
    start_child("received", send_and_fault, other, 20 * MS);
    const result got = anos_recv_message(other, &tag, NULL, (void *)WINDOW);
    CHECK("4.5 a message with a page", tag == 33 && *(volatile uint8_t *)WINDOW == 5);
    anos_task_sleep_current(60 * MS);
    CHECK("4.5 the page outlives its sender", *(volatile uint8_t *)(WINDOW + PAGE - 1) == 5);
    is("4.5 a reply to the dead is FAILURE", anos_reply_message(got.value, 1), ANOS_FAILURE);
    is("4.5 and again", anos_reply_message(got.value, 1), ANOS_FAILURE);
    CHECK("4.3 the window then is the receiver's own page, or stays, as the policy says",
          *(volatile uint64_t *)WINDOW == (is_bearer() ? UINT64_C(0x0505050505050505) : 1));
    anos_unmap_virtual(PAGE, WINDOW);
    anos_task_sleep_current(0);
    CHECK("5.4 in the end its frame is free", free_memory() == before + PAGE);
}

static void check_replies(void)
{
    const bool bearer = is_bearer();
    flag = answered = 0;
    start_thread(send_here, ANOS_CLASS_NORMAL);
    cookie = anos_recv_message(other, NULL, NULL, NULL).value;
    start_thread(reply_here, ANOS_CLASS_NORMAL);
    CHECK("4.4 another thread may reply", wait_for(&answered) && answered == 1);
    CHECK("4.4 its reply arrives", wait_for(&flag) && seen.value == 55);
    is("4.4 once", anos_reply_message(cookie, 1), ANOS_FAILURE);

    flag = 0;
    start_thread(send_here, ANOS_CLASS_NORMAL);
    cookie = anos_recv_message(other, NULL, NULL, NULL).value;
    start_child("replier", reply_for_others, channel, cookie ^ 1);
    const uint64_t status = hear();
    CHECK("4.4 another process may reply, or not, as the policy says",
          (int64_t)status == (bearer ? ANOS_OK : ANOS_FAILURE));
    is("4.4 so the receiver may not any more, or may",
       anos_reply_message(cookie, 67), bearer ? ANOS_FAILURE : ANOS_OK);
    CHECK("4.4 the first reply counts", wait_for(&flag) && seen.value == (bearer ? 66 : 67));
    flag = 0;
    start_thread(send_here, ANOS_CLASS_NORMAL);
    cookie = anos_recv_message(other, NULL, NULL, NULL).value;
    gives("4.6 a reply of 0 is OK for the server", anos_reply_message(cookie, 0), cookie);
    CHECK("4.6 and FAILURE for the client", wait_for(&flag) && seen.type == ANOS_FAILURE);
}

static void check_blocked(void)
{
    anos_task_sleep_current(0);
    const uint64_t before = free_memory();
    uint64_t address;
    uint32_t data;
    const uint64_t vector = anos_alloc_interrupt_vector(0, &address, &data).value;
    start_child("blocked", block_everywhere, channel, 0);
    hear();
    anos_task_sleep_current(20 * MS);
    CHECK("6.7 a process that waits for all kinds of things leaves nothing",
          free_memory() == before);
    uint64_t count = 0, again = 0;
    for (result got; (got = anos_alloc_interrupt_vector(0, &address, &data)).type == ANOS_OK;) {
        again += got.value == vector + 1;
        count++;
    }
    CHECK("7.1 its vector can be had again", !has_devices() || (count == 158 && again == 1));
    start_child("main first", main_ends_first, channel, 0);
    CHECK("6.7 threads go on when the first has ended", hear() == 44);
}

int main(void)
{
    channel = anos_create_channel().value;
    other = anos_create_channel().value;
    memset(page, 1, sizeof page);
    check_receiver();
    check_sender();
    check_replies();
    check_blocked();
    return finish();
}
