/* Starting another program with an environment, and with a capability to it (process.h). */
#include "spawn.h"

#include <anos/abi.h>
#include <string.h>

/* Append strings at `*used`; false if the page is full. */
static bool put_strings(char *page, size_t *used, const char *const *strings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = strlen(strings[i]) + 1;
        if (bytes > ANOS_PAGE_BYTES - *used) {
            return false;
        }
        memcpy(page + *used, strings[i], bytes);
        *used += bytes;
    }
    return true;
}

int64_t spawn_start(const struct start *start, uint64_t *process, void *page)
{
    struct process_start *const request = page;
    *process = 0;
    if (start->capability_count > START_CAPABILITIES_MAX ||
        start->argument_count > SPAWN_ARGUMENTS_MAX ||
        start->environment_count > START_ENVIRONMENT_MAX) {
        return SPAWN_TOO_MANY;
    }
    const struct anos_result system = anos_find_named_channel(PROCESS_NAME);
    if (system.type != ANOS_OK || system.value == 0) {
        return 0;
    }
    *request = (struct process_start){
        .stack_bytes = start->stack_bytes,
        .argument_count = (uint16_t)start->argument_count,
        .environment_count = (uint16_t)start->environment_count,
    };
    for (size_t i = 0; i < start->capability_count; i++) {
        if (start->capabilities[i].cookie != 0) {
            request->capabilities[request->capability_count++] = start->capabilities[i];
        }
    }
    size_t used = sizeof *request + request->capability_count * sizeof request->capabilities[0];
    if (!put_strings(page, &used, start->arguments, start->argument_count) ||
        !put_strings(page, &used, start->environment, start->environment_count)) {
        return SPAWN_ARGUMENTS_CUT;
    }
    struct anos_transfer transfer = { 0 };
    const struct anos_result answer =
        anos_send_transfer(system.value, PROCESS_START, used, page, &transfer);
    if (answer.type != ANOS_OK) {
        return 0;
    }
    *process = transfer.count > 0 ? transfer.slots[0].cookie : 0;
    return (int64_t)answer.value;
}
