/* Nodes, and where they are. */
#include "node.h"

#include "pool.h"
#include "utf8.h"

#include <string.h>

#define HASHES 4096

_Static_assert(sizeof(struct node) <= POOL_RECORD_BYTES, "a node is a record");
_Static_assert(offsetof(struct node, entry) >= 8, "a free record has none");

struct node node_root = { .is_directory = true };

static struct node *hashes[HASHES];
static struct store *store;

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
                            strncmp(node->entry->name, name.text, name.bytes) != 0 ||
                            node->entry->name[name.bytes] != '\0')) {
        node = node->same_hash;
    }
    return node;
}

/* Put a node that has an entry at the end of its directory. */
static void link_node(struct node *node)
{
    const struct entry *const entry = node->entry;
    struct node *const directory = entry->directory == NULL ? &node_root : entry->directory;
    node->parent = directory;
    node->next = NULL;
    node->previous = directory->last;
    if (directory->last != NULL) {
        directory->last->next = node;
    } else {
        directory->first = node;
    }
    directory->last = node;
    node->hash = hash_of(directory, (struct name){ entry->name, strlen(entry->name) });
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

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof *entry + strlen(entry->name) + 1;
}

static struct entry *make_entry(struct node *directory, struct name name)
{
    struct entry *const entry = pool_object(sizeof *entry + name.bytes + 1);
    if (entry != NULL) {
        entry->directory = directory == &node_root ? NULL : directory;
        entry->number = ++store->last_number;
        memcpy(entry->name, name.text, name.bytes);
    }
    return entry;
}

struct node *node_make(struct node *directory, struct name name, bool is_directory, int64_t now)
{
    struct node *const node = pool_record();
    struct entry *const entry = node == NULL ? NULL : make_entry(directory, name);
    if (entry == NULL) {
        if (node != NULL) {
            pool_record_free(node);
        }
        return NULL;
    }
    node->is_directory = is_directory;
    node->modified = now;
    supervised_store(&node->entry, entry);
    link_node(node);
    return node;
}

void node_remove(struct node *node)
{
    struct entry *const entry = node->entry;
    supervised_store(&node->entry, NULL);
    unlink_node(node);
    content_truncate(&node->content, 0);
    pool_object_free(entry, entry_bytes(entry));
    pool_record_free(node);
}

bool node_move(struct node *node, struct node *directory, struct name name, struct node *target)
{
    struct entry *const before = node->entry, *const entry = make_entry(directory, name);
    if (entry == NULL) {
        return false;
    }
    entry->replaced = target;
    supervised_store(&node->entry, entry);
    unlink_node(node);
    link_node(node);
    pool_object_free(before, entry_bytes(before));
    if (target != NULL) {
        node_remove(target);
        supervised_store(&entry->replaced, NULL);
    }
    return true;
}

/* ---- what a predecessor left ---- */

/* Finish what it was renaming. */
static void finish_moves(void)
{
    for (struct node *node = pool_next_record(NULL); node != NULL; node = pool_next_record(node)) {
        if (node->entry != NULL && node->entry->replaced != NULL) {
            supervised_store(&node->entry->replaced->entry, NULL);
            supervised_store(&node->entry->replaced, NULL);
        }
    }
}

/* Claim all nodes with what belongs to them; returns how many, and a list by `next`. */
static size_t claim_nodes(struct node **list)
{
    size_t count = 0;
    for (struct node *node = pool_next_record(NULL); node != NULL; node = pool_next_record(node)) {
        if (node->entry == NULL || !pool_claim_object(node->entry, entry_bytes(node->entry))) {
            continue;
        }
        pool_claim_record(node);
        content_recover(&node->content);
        node->first = node->last = NULL;
        node->next = *list;
        *list = node;
        count++;
    }
    return count;
}

/* Take so many nodes off a list and return them as one by ascending number. */
static struct node *sort(struct node **list, size_t count)
{
    if (count < 2) {
        struct node *const only = *list;
        *list = only->next;
        only->next = NULL;
        return only;
    }
    struct node *one = sort(list, count / 2), *other = sort(list, count - count / 2);
    struct node *sorted = NULL, **end = &sorted;
    while (one != NULL && other != NULL) {
        struct node **const least = one->entry->number < other->entry->number ? &one : &other;
        *end = *least;
        end = &(*end)->next;
        *least = *end;
    }
    *end = one != NULL ? one : other;
    return sorted;
}

bool node_open(struct store *found, uint64_t limit)
{
    struct node *all = NULL;
    store = found;
    if (!pool_open(found, limit)) {
        return false;
    }
    finish_moves();
    const size_t count = claim_nodes(&all);
    pool_settle();
    struct node *next = count > 0 ? sort(&all, count) : NULL;
    while (next != NULL) {
        struct node *const node = next;
        next = node->next;
        link_node(node);
    }
    return true;
}
