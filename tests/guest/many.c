/* Many threads of one process, and many senders and receivers on one channel. */
#include "check.h"

enum { THREADS = 64, SENDERS = 8, RECEIVERS = 8, ROUNDS = 40 };

static uint64_t stacks[THREADS][512] __attribute__((aligned(16)));
static uint64_t ids[THREADS];
static volatile uint64_t begun, ended, wrong, channel, order[3], ordered;
static uint8_t counts[SENDERS][ROUNDS];
static uint64_t last[SENDERS];

static uint64_t add(volatile uint64_t *counter)
{
    return __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

static result start_on(int index, void (*body)(void))
{
    stacks[index][511] = 0;
    return anos_create_thread((void *)body, &stacks[index][511], ANOS_CLASS_NORMAL);
}

static void all_end(uint64_t count)
{
    for (int i = 0; i < 500 && ended < count; i++) {
        anos_task_sleep_current(0);
    }
}

/* Is what a thread has on its stack its own, while others run? */
static void fill_stack(void)
{
    const uint64_t mine = add(&begun);
    volatile uint64_t own[128];
    for (int i = 0; i < 128; i++) {
        own[i] = mine * 1000 + i;
    }
    anos_task_sleep_current(mine % 3 * 10 * MS);
    for (int i = 0; i < 128; i++) {
        if (own[i] != mine * 1000 + i) {
            add(&wrong);
        }
    }
    add(&ended);
    anos_kill_current_task();
}

static void check_threads(void)
{
    bool made = true, distinct = true;
    for (int i = 0; i < THREADS; i++) {
        const result got = start_on(i, fill_stack);
        made = made && got.type == ANOS_OK;
        ids[i] = got.value;
        for (int k = 0; k < i; k++) {
            distinct = distinct && ids[k] != ids[i];
        }
    }
    CHECK("1.8/3 sixty-four threads in one process", made);
    CHECK("1.8/3 all with ids of their own", distinct);
    all_end(THREADS);
    CHECK("1.8/3 all of them run", begun == THREADS && ended == THREADS);
    CHECK("1.8/3 each on a stack of its own", wrong == 0);
    const uint64_t before = free_memory();
    ended = 0;
    for (int i = 0; i < THREADS; i++) {
        start_on(i, fill_stack);
    }
    all_end(THREADS);
    CHECK("5.4 threads leave nothing behind", ended == THREADS && free_memory() == before);
}

static void send_many(void)
{
    const uint64_t mine = add(&begun);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        const uint64_t tag = mine << 16 | i;
        if (anos_send_message(channel, tag, 0, NULL).value != tag + 1) {
            add(&wrong);
        }
    }
    add(&ended);
    anos_kill_current_task();
}

static void receive_many(void)
{
    for (;;) {
        uint64_t tag;
        const result got = anos_recv_message(channel, &tag, NULL, NULL);
        if (got.type != ANOS_OK) {
            break;
        }
        const uint64_t sender = tag >> 16, round = tag & 0xffff;
        counts[sender][round]++;
        if (round < last[sender]) {
            add(&wrong);
        }
        last[sender] = round;
        anos_reply_message(got.value, tag + 1);
    }
    add(&ended);
    anos_kill_current_task();
}

static void check_messages(void)
{
    begun = ended = wrong = 0;
    channel = anos_create_channel().value;
    for (int i = 0; i < RECEIVERS; i++) {
        start_on(i, receive_many);
    }
    for (int i = 0; i < SENDERS; i++) {
        start_on(RECEIVERS + i, send_many);
    }
    all_end(SENDERS);
    CHECK("4.2 eight senders and eight receivers are done", ended == SENDERS);
    CHECK("4.2 each gets the answer to what it sent, in order", wrong == 0);
    bool once = true;
    for (int i = 0; i < SENDERS; i++) {
        for (int k = 0; k < ROUNDS; k++) {
            once = once && counts[i][k] == 1;
        }
    }
    CHECK("4.2 no message is lost and none comes twice", once);
    ended = 0;
    is("4.5 destroy while eight receive", anos_destroy_channel(channel), ANOS_OK);
    all_end(RECEIVERS);
    CHECK("4.5 all eight wake", ended == RECEIVERS);
}

static void send_one(void)
{
    if (anos_send_message(channel, 1, 0, NULL).type != ANOS_FAILURE) {
        add(&wrong);
    }
    add(&ended);
    anos_kill_current_task();
}

static void receive_one(void)
{
    const uint64_t mine = add(&begun);
    const result got = anos_recv_message(channel, NULL, NULL, NULL);
    order[ordered++] = mine;
    anos_reply_message(got.value, 1);
    anos_kill_current_task();
}

static void check_queues(void)
{
    ended = wrong = 0;
    channel = anos_create_channel().value;
    for (int i = 0; i < THREADS; i++) {
        start_on(i, send_one);
    }
    anos_task_sleep_current(20 * MS);
    CHECK("4.2 senders wait where nobody receives", ended == 0);
    anos_destroy_channel(channel);
    all_end(THREADS);
    CHECK("4.5 sixty-four queued senders wake with FAILURE", ended == THREADS && wrong == 0);

    begun = 0;
    channel = anos_create_channel().value;
    for (int i = 0; i < 3; i++) {
        start_on(i, receive_one);
        anos_task_sleep_current(0);
    }
    for (int i = 0; i < 3; i++) {
        anos_send_message(channel, 1, 0, NULL);
        anos_task_sleep_current(0);
    }
    CHECK("4.2 who waits first is served first", ordered == 3 && order[0] == 0 && order[1] == 1
          && order[2] == 2);
}

int main(void)
{
    check_threads();
    check_messages();
    check_queues();
    return finish();
}
