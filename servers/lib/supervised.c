/* Messages to SYSTEM, through the slot that only a program has that is restarted. */
#include "supervised.h"

#include "process.h"

#include <anos/abi.h>
#include <string.h>

static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];

static bool is_supervised(void)
{
    return __syscall_capabilities[ANOS_CAP_SUPERVISOR] != 0;
}

static uint64_t ask(enum process_tag tag, uint64_t key, uint64_t cookie)
{
    const struct process_keep body = { key, cookie };
    memcpy(page, &body, sizeof body);
    const struct anos_result answer = anos_send_message(
        __syscall_capabilities[ANOS_CAP_SUPERVISOR], tag, sizeof body, page);
    return answer.type == ANOS_OK ? answer.value : 0;
}

uint64_t supervised_generation(void)
{
    return is_supervised() ? ask(PROCESS_GENERATION, 0, 0) : 1;
}

uint64_t supervised_channel(uint64_t number)
{
    return is_supervised() ? ask(PROCESS_CHANNEL, number, 0) : anos_create_channel().value;
}

bool supervised_name(uint64_t channel, const char *name)
{
    return anos_register_channel_name(channel, name).type == ANOS_OK;
}

bool supervised_memory(uint64_t window, size_t bytes)
{
    const uint64_t memory = is_supervised() ? ask(PROCESS_MEMORY, bytes, 0) : 0;
    const uint64_t flags = ANOS_MAP_READ | ANOS_MAP_WRITE;
    return memory != 0 && anos_map_memory(memory, window, 0, bytes, flags).type == ANOS_OK;
}

bool supervised_keep(uint64_t key, uint64_t cookie)
{
    return is_supervised() && ask(PROCESS_KEEP, key, cookie) != 0;
}

uint64_t supervised_kept(uint64_t key)
{
    return is_supervised() ? ask(PROCESS_KEPT, key, 0) : 0;
}
