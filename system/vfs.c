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
#include "taken.h"

#include <anos/abi.h>
#include <string.h>

/* A filesystem that ended left its mounts behind. */
static void remove_dead(void)
{
    struct vfs_mount mounts[VFS_MOUNTS_MAX];
    const size_t count = mounts_list(mounts);
    for (size_t i = 0; i < count; i++) {
        const uint64_t channel = mounts[i].channel;
        if (anos_inspect(channel).type != ANOS_OK && mounts_remove(mounts[i].prefix, channel)) {
            taken_put(channel);
        }
    }
}

static bool is_alive(uint64_t channel)
{
    return channel != 0 && anos_inspect(channel).type == ANOS_OK;
}

static uint64_t find(const struct service_message *message)
{
    char path[ANOS_PAGE_BYTES];
    if (!path_copy(path, message->page, sizeof path, message->bytes)) {
        return 0;
    }
    const uint64_t channel = mounts_find(path);
    if (channel == 0 || is_alive(channel)) {
        return channel;
    }
    remove_dead();
    return 0;
}

static uint64_t list(const struct service_message *message)
{
    struct vfs_mount mounts[VFS_MOUNTS_MAX];
    struct vfs_listing *const listing = message->page;
    remove_dead();
    const size_t count = mounts_list(mounts);
    *listing = (struct vfs_listing){ .count = (uint32_t)count };
    for (size_t i = 0; i < count; i++) {
        listing->entries[i].channel = (uint32_t)anos_inspect(mounts[i].channel).value;
        listing->entries[i].reserved_36 = 0;
        memcpy(listing->entries[i].prefix, mounts[i].prefix, sizeof mounts[i].prefix);
    }
    return sizeof *listing + count * sizeof listing->entries[0];
}

static bool unregister(const char *prefix, uint64_t channel)
{
    const bool removed = mounts_remove(prefix, channel);
    if (removed) {
        taken_put(channel); /* the mount's own */
    }
    taken_put(channel);
    return removed;
}

/* Has this channel this mount already? A filesystem that was restarted has kept both. */
static bool is_there(const char *prefix, uint64_t channel)
{
    const uint64_t before = mounts_find(prefix);
    return before != 0 && path_mount_bytes(prefix) == strlen(prefix) &&
           before != channel &&
           anos_inspect(before).value == anos_inspect(channel).value;
}

static uint64_t change(const struct service_message *message)
{
    struct vfs_mount mount;
    if (message->bytes < sizeof mount) {
        return 0;
    }
    memcpy(&mount, message->page, sizeof mount);
    if (memchr(mount.prefix, '\0', sizeof mount.prefix) == NULL) {
        return 0;
    }
    const uint64_t rights = ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT;
    const uint64_t channel = taken_get(message->cookie, mount.channel, rights);
    if (channel == 0) {
        return 0;
    }
    if (message->tag == VFS_UNREGISTER) {
        return unregister(mount.prefix, channel);
    }
    remove_dead();
    if (is_there(mount.prefix, channel)) {
        taken_put(channel);
        return true;
    }
    const bool added = mounts_add(mount.prefix, channel);
    if (!added) {
        taken_put(channel);
    }
    return added;
}

static uint64_t handle(const struct service_message *message)
{
    switch (message->tag) {
    case VFS_FIND:
        return find(message);
    case VFS_REGISTER:
    case VFS_UNREGISTER:
        return change(message);
    case VFS_LIST:
        return list(message);
    default:
        return 0;
    }
}

void *vfs_serve(void *channel)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t window[ANOS_PAGE_BYTES];
    service_own_stack();
    service_run((uint64_t)channel, window, handle);
    return NULL;
}
