/* Paths and contents. */
#include "tree.h"

#include <string.h>

const char *tree_open(struct tree *tree, struct cache *cache, const struct partition *partition)
{
    memset(tree, 0, sizeof *tree);
    const char *const wrong = volume_open(&tree->volume, cache, partition);
    if (wrong == NULL) {
        directory_find_label(&tree->volume);
    }
    return wrong;
}

static bool recall(struct tree *tree, const char *path, struct node *node)
{
    for (size_t i = 0; i < TREE_PATHS; i++) {
        if (tree->paths[i].used != 0 && strcmp(tree->paths[i].path, path) == 0) {
            tree->paths[i].used = ++tree->clock;
            *node = tree->paths[i].node;
            return true;
        }
    }
    return false;
}

static void remember(struct tree *tree, const char *path, const struct node *node)
{
    size_t oldest = 0;
    for (size_t i = 1; i < TREE_PATHS; i++) {
        if (tree->paths[i].used < tree->paths[oldest].used) {
            oldest = i;
        }
    }
    if (strlen(path) < TREE_PATH_BYTES) {
        tree->paths[oldest].used = ++tree->clock;
        tree->paths[oldest].node = *node;
        strcpy(tree->paths[oldest].path, path);
    }
}

/* Go down from the root, one name at a time. */
static int64_t walk(struct tree *tree, const char *path, struct node *node)
{
    *node = directory_root();
    for (const char *at = path; *at != '\0';) {
        char name[NAME_LONG_BYTES];
        const size_t bytes = strcspn(at, "/");
        if (bytes >= sizeof name) {
            return FILE_NOT_FOUND;
        }
        memcpy(name, at, bytes);
        name[bytes] = '\0';
        at += bytes;
        if (bytes > 0) {
            const struct node directory = *node;
            switch (directory_find(&tree->volume, &directory, name, node)) {
            case DIRECTORY_OK:
                break;
            case DIRECTORY_END:
                return FILE_NOT_FOUND;
            case DIRECTORY_BROKEN:
                return FILE_IO_ERROR;
            }
        }
        if (*at == '/' && !(node->attributes & ATTRIBUTE_DIRECTORY)) {
            return FILE_NOT_A_DIRECTORY; /* even if no name follows the '/' */
        }
        at += strspn(at, "/");
    }
    return 0;
}

int64_t tree_find(struct tree *tree, const char *path, struct node *node)
{
    if (recall(tree, path, node)) {
        return 0;
    }
    const int64_t answer = walk(tree, path, node);
    if (answer == 0) {
        remember(tree, path, node);
    }
    return answer;
}

/*
 * A chain that is longer than its file is allowed, as other systems allocate
 * ahead, but one without an end is not: then the clusters before are no file.
 */
static bool ends_well(struct tree *tree, const struct node *node)
{
    return fat_check_end(&tree->volume.fat, node->first_cluster) == FAT_END;
}

int64_t tree_read(struct tree *tree, const struct node *node, uint64_t offset, void *to,
                  size_t bytes)
{
    struct volume *const volume = &tree->volume;
    if (node->attributes & ATTRIBUTE_DIRECTORY) {
        return FILE_IS_A_DIRECTORY;
    }
    if (offset >= node->bytes) {
        return 0;
    }
    const size_t count = bytes < node->bytes - offset ? bytes : (size_t)(node->bytes - offset);
    uint8_t *at = to;
    for (size_t left = count; left > 0;) {
        const uint32_t index = (uint32_t)(offset / volume->cluster_bytes);
        const uint32_t last = (uint32_t)((offset + left - 1) / volume->cluster_bytes);
        struct fat_run run;
        if (fat_find(&volume->fat, node->first_cluster, index, last - index + 1, &run) != FAT_OK) {
            return FILE_IO_ERROR;
        }
        const size_t begin = offset % volume->cluster_bytes;
        const size_t rest = (size_t)run.count * volume->cluster_bytes - begin;
        const size_t piece = left < rest ? left : rest;
        if (!cache_read(volume->cache, volume_cluster_offset(volume, run.cluster) + begin, at,
                        piece)) {
            return FILE_IO_ERROR;
        }
        at += piece;
        offset += piece;
        left -= piece;
    }
    return offset == node->bytes && !ends_well(tree, node) ? FILE_IO_ERROR : (int64_t)count;
}
