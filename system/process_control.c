/*
 * Who may look at all processes, and end them: whoever holds a capability to the process
 * manager's channel with our badge. Manifests name it PROCESS_CONTROL.
 */
#include "process_control.h"

#include "children.h"

#include <anos/abi.h>
#include <string.h>

#define BADGE 1 /* the named channel's capabilities have none */

bool process_control_open(uint64_t channel)
{
    const struct anos_result minted =
        anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, BADGE);
    __syscall_capabilities[ANOS_CAP_PROCESS_CONTROL] = minted.value;
    return minted.type == ANOS_OK;
}

bool process_control_has_badge(uint64_t badge)
{
    return badge == BADGE;
}

static uint64_t list(uint64_t first, struct process_listing *listing)
{
    uint64_t pid = first;
    uint32_t count = 0;
    struct process_entry entry;
    while (count < PROCESS_ENTRIES_MAX && children_find(pid, &entry)) {
        listing->entries[count++] = entry;
        pid = entry.pid + 1;
    }
    listing->count = count;
    listing->reserved_12 = 0;
    listing->next = count == PROCESS_ENTRIES_MAX ? pid : 0;
    return offsetof(struct process_listing, entries) + count * sizeof entry;
}

uint64_t process_control_handle(const struct service_message *message)
{
    uint64_t number;
    if (message->bytes < sizeof number) {
        return 0;
    }
    memcpy(&number, message->page, sizeof number);
    switch (message->tag) {
    case PROCESS_LIST:
        return list(number, message->page);
    case PROCESS_KILL:
        return children_kill(number);
    default:
        return (uint64_t)(int64_t)SPAWN_UNKNOWN_TAG;
    }
}
