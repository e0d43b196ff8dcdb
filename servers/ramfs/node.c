/* Nodes, and where they are. */
#include "node.h"

#include "pool.h"
#include "utf8.h"

#include <string.h>

#define HASHES 4096

struct node node_root = { .is_directory = true, .number = 1 };

static struct node *hashes[HASHES];
static uint64_t last_number = 1;

bool node_name_is_good(struct name name)
{
    char text[FILE_NAME_BYTES];
    if (name.bytes == 0 || name.bytes >= sizeof text) {
        return false;
    }
    memcpy(text, name.text, name.bytes);
    text[name.bytes] = '\0';
    size_t units = 0;
    for (const char *at = text; *at != '\0';) {
        const char *const begin = at;
        const uint32_t point = utf8_get(&at);
        const bool is_bad = point == UTF8_REPLACEMENT && at == begin + 1;
        if (is_bad || point < 0x20 || point == 0x7f || point == ':') {
            return false;
        }
        units += point < 0x10000 ? 1 : 2;
    }
    return units <= NODE_NAME_UNITS && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* FNV-1a over the directory's place and the name. */
static uint32_t hash_of(const struct node *directory, struct name name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)((uintptr_t)directory / sizeof *directory);
    for (size_t i = 0; i < name.bytes; i++) {
        hash = (hash ^ (uint8_t)name.text[i]) * 16777619u;
    }
    return hash;
}

struct node *node_find(const struct node *directory, struct name name)
{
    const uint32_t hash = hash_of(directory, name);
    struct node *node = hashes[hash % HASHES];
    while (node != NULL && (node->hash != hash || node->parent != directory ||
                            strncmp(node->name, name.text, name.bytes) != 0 ||
                            node->name[name.bytes] != '\0')) {
        node = node->same_hash;
    }
    return node;
}

/* Put a node that has a name at the end of a directory. */
static void link_node(struct node *node, struct node *directory)
{
    node->parent = directory;
    node->number = ++last_number;
    node->next = NULL;
    node->previous = directory->last;
    if (directory->last != NULL) {
        directory->last->next = node;
    } else {
        directory->first = node;
    }
    directory->last = node;
    node->hash = hash_of(directory, (struct name){ node->name, strlen(node->name) });
    node->same_hash = hashes[node->hash % HASHES];
    hashes[node->hash % HASHES] = node;
}

static void unlink_node(struct node *node)
{
    struct node **link = &hashes[node->hash % HASHES];
    while (*link != node) {
        link = &(*link)->same_hash;
    }
    *link = node->same_hash;
    *(node->previous != NULL ? &node->previous->next : &node->parent->first) = node->next;
    *(node->next != NULL ? &node->next->previous : &node->parent->last) = node->previous;
}

static char *copy_name(struct name name)
{
    char *const copy = pool_object(name.bytes + 1);
    return copy == NULL ? NULL : memcpy(copy, name.text, name.bytes);
}

struct node *node_make(struct node *directory, struct name name, bool is_directory, int64_t now)
{
    struct node *const node = pool_object(sizeof *node);
    char *const copy = node == NULL ? NULL : copy_name(name);
    if (copy == NULL) {
        if (node != NULL) {
            pool_object_free(node, sizeof *node);
        }
        return NULL;
    }
    *node = (struct node){ .name = copy, .is_directory = is_directory, .modified = now };
    link_node(node, directory);
    return node;
}

void node_remove(struct node *node)
{
    unlink_node(node);
    content_truncate(&node->content, 0);
    pool_object_free(node->name, strlen(node->name) + 1);
    pool_object_free(node, sizeof *node);
}

bool node_move(struct node *node, struct node *directory, struct name name)
{
    char *const copy = copy_name(name);
    if (copy == NULL) {
        return false;
    }
    unlink_node(node);
    pool_object_free(node->name, strlen(node->name) + 1);
    node->name = copy;
    link_node(node, directory);
    return true;
}
