/* Paths. */
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
            static struct entry found;
            const struct node directory = *node;
            switch (directory_find(&tree->volume, &directory, name, &found)) {
            case DIRECTORY_OK:
                *node = found.node;
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

/* Where the last name of a path begins, and where it ends: before the '/' behind it, if any. */
static const char *last_name(const char *path, const char **end)
{
    const char *at = path + strlen(path);
    while (at > path && at[-1] == '/') {
        at--;
    }
    *end = at;
    while (at > path && at[-1] != '/') {
        at--;
    }
    return at;
}

int64_t tree_find_parent(struct tree *tree, const char *path, struct place *place)
{
    static char parent[CACHE_BLOCK_BYTES];
    const char *end;
    const char *const name = last_name(path, &end);
    const size_t parent_bytes = (size_t)(name - path), name_bytes = (size_t)(end - name);
    if (name_bytes >= sizeof place->name) {
        return FILE_BAD_NAME;
    }
    if (parent_bytes >= sizeof parent) {
        return FILE_BAD_REQUEST;
    }
    memcpy(place->name, name, name_bytes);
    place->name[name_bytes] = '\0';
    place->has_slash = *end != '\0';
    memcpy(parent, path, parent_bytes);
    parent[parent_bytes] = '\0';
    const int64_t answer = tree_find(tree, parent, &place->directory);
    if (answer == 0 && !(place->directory.attributes & ATTRIBUTE_DIRECTORY)) {
        return FILE_NOT_A_DIRECTORY;
    }
    return answer;
}

bool tree_is_inside(struct tree *tree, const char *path, uint32_t cluster)
{
    const char *end;
    const char *const last = last_name(path, &end);
    struct node node = directory_root();
    for (const char *at = path; at < last;) {
        static struct entry found;
        char name[NAME_LONG_BYTES];
        const size_t bytes = strcspn(at, "/");
        memcpy(name, at, bytes < sizeof name ? bytes : 0);
        name[bytes < sizeof name ? bytes : 0] = '\0';
        at += bytes + strspn(at + bytes, "/");
        if (name[0] != '\0') {
            if (directory_find(&tree->volume, &node, name, &found) != DIRECTORY_OK ||
                !(found.node.attributes & ATTRIBUTE_DIRECTORY)) {
                return false;
            }
            node = found.node;
            if (node.first_cluster == cluster) {
                return true;
            }
        }
    }
    return false;
}

void tree_note(struct tree *tree, const struct node *node)
{
    for (size_t i = 0; i < TREE_PATHS; i++) {
        if (tree->paths[i].used != 0 && tree->paths[i].node.entry == node->entry &&
            !tree->paths[i].node.is_root) {
            tree->paths[i].node = *node;
        }
    }
}

void tree_forget(struct tree *tree, uint64_t entry)
{
    for (size_t i = 0; i < TREE_PATHS; i++) {
        if (entry == 0 || tree->paths[i].node.entry == entry) {
            tree->paths[i].used = 0;
        }
    }
}
