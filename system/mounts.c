/* The table of mounts, shared by SYSTEM's threads. */
#include "mounts.h"

#include "path.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct vfs_mount mounts[VFS_MOUNTS_MAX];
static size_t mount_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The mount with this prefix, or NULL. */
static struct vfs_mount *find(const char *prefix, size_t bytes)
{
    for (size_t i = 0; i < mount_count; i++) {
        if (strlen(mounts[i].prefix) == bytes && memcmp(mounts[i].prefix, prefix, bytes) == 0) {
            return &mounts[i];
        }
    }
    return NULL;
}

bool mounts_add(const char *prefix, uint64_t channel)
{
    const size_t bytes = strlen(prefix);
    if (bytes >= VFS_PREFIX_BYTES || bytes == 0 || path_mount_bytes(prefix) != bytes ||
        channel == 0) {
        return false;
    }
    pthread_mutex_lock(&lock);
    const bool added = find(prefix, bytes) == NULL && mount_count < VFS_MOUNTS_MAX;
    if (added) {
        struct vfs_mount *const mount = &mounts[mount_count++];
        strcpy(mount->prefix, prefix);
        mount->channel = channel;
    }
    pthread_mutex_unlock(&lock);
    if (added) {
        printf("VFS: mounted '%s'\n", prefix);
    }
    return added;
}

bool mounts_remove(const char *prefix, uint64_t channel)
{
    pthread_mutex_lock(&lock);
    struct vfs_mount *const mount = find(prefix, strlen(prefix));
    const bool removed = mount != NULL && mount->channel == channel;
    if (removed) {
        mount_count--;
        memmove(mount, mount + 1, (size_t)(mounts + mount_count - mount) * sizeof *mount);
    }
    pthread_mutex_unlock(&lock);
    if (removed) {
        printf("VFS: unmounted '%s'\n", prefix);
    }
    return removed;
}

size_t mounts_list(struct vfs_mount list[VFS_MOUNTS_MAX])
{
    pthread_mutex_lock(&lock);
    const size_t count = mount_count;
    memcpy(list, mounts, count * sizeof mounts[0]);
    pthread_mutex_unlock(&lock);
    return count;
}

uint64_t mounts_find(const char *path)
{
    pthread_mutex_lock(&lock);
    const struct vfs_mount *const mount = find(path, path_mount_bytes(path));
    const uint64_t channel = mount == NULL ? 0 : mount->channel;
    pthread_mutex_unlock(&lock);
    return channel;
}
