/*
 * What a child finds on its stack (anos-abi 3.3): every value where it belongs,
 * below a full page of them, too; memory as deep as was asked for.
 */
#include "check.h"

enum { VALUES = 1500, DEPTH = 32 };

static uint64_t values[VALUES], channel;

__attribute__((used)) static void look(const uint64_t *stack)
{
    uint64_t wrong = 0;
    for (uint64_t i = 2; i < VALUES; i++) {
        wrong += stack[i] != i * 0x9e3779b97f4a7c15;
    }
    __syscall_capabilities[ANOS_SYS_SEND_MESSAGE] = stack[0];
    const uint64_t to = stack[1];
    anos_send_message(to, wrong, 0, NULL);
    anos_send_message(to, (uint64_t)stack, 0, NULL);
    volatile uint8_t *const top = (volatile uint8_t *)(child_stack_top - 1);
    for (uint64_t page = 0; page < DEPTH; page++) {
        top[-(int64_t)(page * PAGE)] = 1;
    }
    anos_send_message(to, 77, 0, NULL);
    __builtin_trap(); /* it has no right to end itself */
}

STACK_ENTRY(entry, look)

static uint64_t hear(void)
{
    uint64_t tag = 0;
    const result got = anos_recv_message(channel, &tag, NULL, NULL);
    anos_reply_message(got.value, 1);
    return tag;
}

int main(void)
{
    channel = anos_create_channel().value;
    for (uint64_t i = 0; i < VALUES; i++) {
        values[i] = i * 0x9e3779b97f4a7c15;
    }
    values[0] = __syscall_capabilities[ANOS_SYS_SEND_MESSAGE];
    values[1] = channel;
    struct anos_process_params params = child_params("stack", NULL, NULL, NULL);
    params.entry = (uint64_t)entry;
    params.stack_values = (uint64_t)values;
    params.stack_value_count = VALUES;
    params.stack_base = child_stack_top - DEPTH * PAGE;
    params.stack_bytes = DEPTH * PAGE;
    is("3.3 create", anos_create_process(&params), ANOS_OK);
    CHECK("3.3 all values are in their places", hear() == 0);
    CHECK("3.3 sp is the top less the values", hear() == child_stack_top - 8 * VALUES);
    CHECK("3.3 all of the stack is there", hear() == 77);
    params.stack_value_count = 0;
    params.entry = ANOS_PROGRAM_BASE;
    is("3.3 no values at all", anos_create_process(&params), ANOS_OK);
    return finish();
}
