/* Which volumes a disk has, and what they are called. */
#include "mounts.h"

#include "commit.h"

#include <stdio.h>
#include <string.h>

/* "disk0:" and partition 3 make "disk0p3:"; false if that is too long. */
static bool name_mount(char name[VFS_PREFIX_BYTES], const char *prefix, uint32_t number)
{
    const int disk_bytes = (int)strcspn(prefix, ":");
    const int bytes = number == 0 ? snprintf(name, VFS_PREFIX_BYTES, "%s", prefix)
                                  : snprintf(name, VFS_PREFIX_BYTES, "%.*sp%u:", disk_bytes, prefix,
                                             (unsigned)number);
    return bytes > 0 && bytes < VFS_PREFIX_BYTES;
}

static const char *add(struct mounts *mounts, struct cache *cache, const char *prefix,
                       const struct partition *partition)
{
    if (mounts->count == MOUNTS_MAX) {
        return "there are too many volumes on the disk";
    }
    struct mount *const mount = &mounts->table[mounts->count];
    const char *const wrong = tree_open(&mount->tree, cache, partition);
    if (wrong != NULL) {
        return wrong;
    }
    if (!name_mount(mount->prefix, prefix, mounts->count == 0 ? 0 : partition->number)) {
        return "its mount has too long a name";
    }
    mounts->count++;
    return NULL;
}

size_t mounts_open(struct mounts *mounts, struct cache *cache, const char *prefix,
                   const char **wrong)
{
    static struct partition partitions[PARTITIONS_MAX];
    const struct partition whole = { .bytes = cache->bytes };

    mounts->count = 0;
    *wrong = add(mounts, cache, prefix, &whole);
    if (*wrong == NULL) {
        return mounts->count; /* a volume's first sector may look like a partition table, too */
    }
    const size_t count = partition_list(cache, partitions);
    for (size_t i = 0; i < count; i++) {
        *wrong = add(mounts, cache, prefix, &partitions[i]);
    }
    if (mounts->count == 0 && count > 0) {
        *wrong = "none of its partitions has a FAT volume";
    }
    return mounts->count;
}

int64_t mounts_find(struct mounts *mounts, const char *path, struct tree **tree,
                    const char **inner)
{
    const char *const colon = strchr(path, ':');
    if (colon == NULL) {
        return FILE_BAD_REQUEST;
    }
    const size_t prefix_bytes = (size_t)(colon - path) + 1;
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount *const mount = &mounts->table[i];
        if (strncmp(mount->prefix, path, prefix_bytes) == 0) {
            *tree = &mount->tree;
            *inner = path + prefix_bytes;
            return 0;
        }
    }
    return FILE_NOT_FOUND;
}

bool mounts_are_dirty(const struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        if (commit_is_due(&mounts->table[i].tree.volume)) {
            return true;
        }
    }
    return false;
}

bool mounts_sync(struct mounts *mounts)
{
    bool all = true;
    for (size_t i = 0; i < mounts->count; i++) {
        all &= commit_sync(&mounts->table[i].tree.volume);
    }
    return all;
}
