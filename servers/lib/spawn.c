/* Starting another program through SYSTEM (anos-abi 8.5). */
#include "spawn.h"

#include <anos/abi.h>
#include <string.h>

struct capability_pair *spawn_own(struct capability_pair *pairs, const uint8_t *ids,
                                  size_t id_count)
{
    for (size_t i = 0; i < id_count; i++) {
        *pairs++ = (struct capability_pair){ ids[i], __syscall_capabilities[ids[i]] };
    }
    return pairs;
}

struct capability_pair spawn_part(uint64_t id, uint64_t range, uint64_t start, uint64_t size)
{
    return (struct capability_pair){ id, anos_mint_range(range, start, size, 0).value };
}

int64_t spawn(size_t stack_bytes, const char *const *arguments, size_t argument_count,
              const struct capability_pair *capabilities, size_t capability_count)
{
    static _Alignas(ANOS_PAGE_BYTES) union {
        struct spawn_request request;
        char bytes[ANOS_PAGE_BYTES];
    } page;
    struct spawn_request *const request = &page.request;

    const struct anos_result system = anos_find_named_channel(PROCESS_NAME);
    if (system.type != ANOS_OK || system.value == 0) {
        return 0;
    }
    request->stack_bytes = stack_bytes;
    request->argument_count = (uint16_t)argument_count;
    request->capability_count = 0;
    for (size_t i = 0; i < capability_count; i++) {
        if (capabilities[i].cookie != 0) {
            request->capabilities[request->capability_count++] = capabilities[i];
        }
    }
    char *const strings = (char *)&request->capabilities[request->capability_count];
    char *end = strings;
    for (size_t i = 0; i < argument_count; i++) {
        const size_t bytes = strlen(arguments[i]) + 1;
        if (bytes > (size_t)(page.bytes + sizeof page - end)) {
            return SPAWN_ARGUMENTS_CUT;
        }
        end = mempcpy(end, arguments[i], bytes);
    }
    const size_t bytes = SPAWN_BYTES(request->capability_count, (size_t)(end - strings));
    const struct anos_result answer =
        anos_send_message(system.value, PROCESS_SPAWN, bytes, &page);
    return answer.type == ANOS_OK ? (int64_t)answer.value : 0;
}
