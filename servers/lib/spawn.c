/* Starting another program through SYSTEM (anos-abi 8.5). */
#include "spawn.h"

#include "process.h"

#include <anos/abi.h>
#include <string.h>

int64_t spawn(size_t stack_bytes, const char *const *arguments, size_t argument_count,
              const uint8_t *ids, size_t id_count)
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
    for (size_t i = 0; i < id_count; i++) {
        const uint64_t cookie = __syscall_capabilities[ids[i]];
        if (cookie != 0) {
            request->capabilities[request->capability_count++] =
                (struct capability_pair){ ids[i], cookie };
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
