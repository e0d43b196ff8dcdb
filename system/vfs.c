/*
 * VFS: which filesystem serves a path. Protocol: vfs.h.
 *
 * A mount's channel is the registrant's; SYSTEM takes its own right to send on
 * it, and whoever looks it up gets one derived from that by the reply.
 */
#include "vfs.h"

#include "mounts.h"
#include "path.h"
#include "service.h"

#include <anos/abi.h>
#include <string.h>

/* SYSTEM's own cookie for a channel that the sender holds, 0 if it does not. */
static uint64_t take_channel(const struct service_message *message, uint64_t cookie)
{
    const uint64_t rights = ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT;
    const struct anos_result taken = anos_take(message->cookie, cookie, rights);
    return taken.type == ANOS_OK ? taken.value : 0;
}

/* A driver that died left a mount behind: it must not keep the prefix for ever. */
static void remove_dead(const struct service_message *message, const char *prefix)
{
    const uint64_t channel = mounts_find(prefix);
    if (channel != 0 &&
        anos_give(message->cookie, channel, ANOS_RIGHT_SEND).type != ANOS_OK) {
        mounts_remove(prefix, channel);
    }
}

static uint64_t find(const struct service_message *message)
{
    char path[ANOS_PAGE_BYTES];
    return path_copy(path, message->page, sizeof path, message->bytes) ? mounts_find(path) : 0;
}

static uint64_t change(const struct service_message *message)
{
    struct vfs_mount mount;
    if (message->bytes < sizeof mount) {
        return 0;
    }
    memcpy(&mount, message->page, sizeof mount);
    const uint64_t channel = take_channel(message, mount.channel);
    if (channel == 0 || memchr(mount.prefix, '\0', sizeof mount.prefix) == NULL) {
        return 0;
    }
    if (message->tag == VFS_UNREGISTER) {
        return mounts_remove(mount.prefix, channel);
    }
    remove_dead(message, mount.prefix);
    return mounts_add(mount.prefix, channel);
}

static uint64_t handle(const struct service_message *message)
{
    switch (message->tag) {
    case VFS_FIND:
        return find(message);
    case VFS_REGISTER:
    case VFS_UNREGISTER:
        return change(message);
    default:
        return 0;
    }
}

void *vfs_serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t window[ANOS_PAGE_BYTES];
    service_run((uint64_t)channel, window, handle);
    return NULL;
}
