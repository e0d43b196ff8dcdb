/* The spawn message (anos-abi 8.5): the data begins at 12, the size counts from 16. */
#include "spawn.h"
#include "anos.h"
#include "libc.h"

struct spawn_header {
    uint64_t stack_size;
    uint16_t argc, capc;
    uint8_t data[];
};
_Static_assert(offsetof(struct spawn_header, data) == 12, "anos-abi 8.5");
_Static_assert(sizeof(struct spawn_header) == 16, "anos-abi 8.5");

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

int64_t spawn(uint64_t stack_size, int argc, const char *const *argv, int capc,
              const uint8_t *call_ids)
{
    const struct result manager = anos_find_named_channel("SYSTEM::PROCESS");
    if (manager.type != OK || manager.value == 0) {
        return 0;
    }
    struct spawn_header *header = (struct spawn_header *)page;
    header->stack_size = stack_size;
    header->argc = (uint16_t)argc;
    header->capc = (uint16_t)capc;
    uint8_t *at = header->data;
    for (int i = 0; i < capc; i++) {
        const struct capability pair = {call_ids[i], __syscall_capabilities[call_ids[i]]};
        memcpy(at, &pair, sizeof pair);
        at += sizeof pair;
    }
    for (int i = 0; i < argc; i++) {
        const size_t size = strlen(argv[i]) + 1;
        memcpy(at, argv[i], size);
        at += size;
    }
    const uint64_t size = sizeof *header + (uint64_t)(at - header->data);
    return (int64_t)anos_send_message(manager.value, 1, size, page).value;
}
