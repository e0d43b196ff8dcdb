/*
 * Calls 23 and 24 (anos-abi 7.1, 7.2). The test sends, for the first vector:
 * one interrupt at 100 ms, six at 200 ms, one at 300 ms, one at 2 s, four at
 * 2.1 s and one more at 3.3 s.
 */
#include "check.h"

static uint64_t channel;
static volatile uint64_t waked;

static void wait_elsewhere(const uint64_t *arguments)
{
    uint32_t event;
    anos_send_message(arguments[0], (uint64_t)anos_wait_interrupt(ANOS_MSI_FIRST, &event).type, 0,
                      NULL);
}

static void wait_too(void)
{
    uint32_t event = 9;
    waked = anos_wait_interrupt(ANOS_MSI_FIRST, &event).type == ANOS_OK && event == 0 ? 1 : 2;
    anos_kill_current_task();
}

int main(void)
{
    uint64_t address = 0;
    uint32_t data = 0, event = 9;
    if (!has_devices()) {
        is("7.1 where STAGE3 has no such call: NOT_IMPL",
           anos_alloc_interrupt_vector(0, &address, &data), ANOS_NOT_IMPL);
        return finish();
    }
    channel = anos_create_channel().value;
    is("7.1 kernel address pointer is BADARGS",
       anos_alloc_interrupt_vector(0, KERNEL_ADDRESS, &data),
       ANOS_BADARGS);
    is("7.1 kernel data pointer is BADARGS",
       anos_alloc_interrupt_vector(0, &address, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("7.1 unmapped pointer is BADARGS", anos_alloc_interrupt_vector(0, NOWHERE, &data),
       ANOS_BADARGS);
    gives("7.1 the first vector", anos_alloc_interrupt_vector(0x100, &address, &data),
          ANOS_MSI_FIRST);
    CHECK("7.1 its address and data", address == INTERRUPT_PAGE && data == ANOS_MSI_FIRST);

    is("7.2 kernel pointer is BADARGS", anos_wait_interrupt(ANOS_MSI_FIRST, KERNEL_ADDRESS),
       ANOS_BADARGS);
    is("7.2 unmapped pointer is BADARGS", anos_wait_interrupt(ANOS_MSI_FIRST, NOWHERE),
       ANOS_BADARGS);
    is("7.2 a vector that nobody has is FAILURE", anos_wait_interrupt(ANOS_MSI_FIRST + 1, &event),
       ANOS_FAILURE);
    is("7.2 no MSI vector is FAILURE", anos_wait_interrupt(3, &event), ANOS_FAILURE);
    start_child("other", wait_elsewhere, channel, 0);
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, NULL);
    anos_reply_message(got.value, 1);
    CHECK("7.2 another's vector is FAILURE", (int64_t)tag == ANOS_FAILURE);

    is("7.2 wait", anos_wait_interrupt(ANOS_MSI_FIRST, &event), ANOS_OK);
    CHECK("7.2 the event is 0", event == 0);
    CHECK("7.2 it wakes at once", now() >= 100 * MS && now() < 101 * MS);
    anos_task_sleep_current(115 * MS);
    const uint64_t begin = now();
    for (int i = 0; i < 4; i++) {
        is("7.2 four events wait for their reader", anos_wait_interrupt(ANOS_MSI_FIRST, &event),
           ANOS_OK);
    }
    CHECK("7.2 which waits for none of them", now() - begin < MS);
    start_thread(wait_too, ANOS_CLASS_NORMAL);
    CHECK("7.2 a second thread may wait", wait_for(&waked) && waked == 1);
    CHECK("7.2 the others were dropped", now() >= 300 * MS && now() < 320 * MS);

    uint64_t count = 1;
    bool right = true;
    for (result next; (next = anos_alloc_interrupt_vector(0, &address,
                                                          &data)).type == ANOS_OK; count++) {
        right = right && next.value == data && data != ANOS_SLOW_VECTOR;
        right = right && (address ^ INTERRUPT_PAGE) >> INTERRUPT_CPU_BITS == 0;
    }
    CHECK("7.1 159 vectors, none of them 0x69", count == 159 && right);
    is("7.1 none is left: FAILURE", anos_alloc_interrupt_vector(0, &address, &data), ANOS_FAILURE);
    is("1.8/24 a system call's vector is FAILURE", anos_wait_interrupt(ANOS_SLOW_VECTOR, &event),
       ANOS_FAILURE);
    is("7.2 the last wait", anos_wait_interrupt(ANOS_MSI_FIRST, &event), ANOS_OK);
    CHECK("7.2 two seconds", now() >= 2000 * MS && now() < 2001 * MS);

    anos_task_sleep_current(1400 * MS);
    for (int i = 0; i < 3; i++) {
        is("7.2 a slow consumer's waits fail for ever, whatever is queued",
           anos_wait_interrupt(ANOS_MSI_FIRST, &event), ANOS_FAILURE);
    }
    return finish();
}
