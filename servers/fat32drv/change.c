/* Each change: what must hold, then what is done, in an order that a power cut may end anywhere. */
#include "change.h"

#include "commit.h"
#include "content.h"
#include "date.h"
#include "entries.h"
#include "index.h"
#include "space.h"

#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)

static bool is_directory(const struct node *node)
{
    return node->attributes & ATTRIBUTE_DIRECTORY;
}

static int64_t error_of(enum entries_answer answer)
{
    return answer == ENTRIES_OK ? 0 : answer == ENTRIES_FULL ? FILE_NO_SPACE : FILE_IO_ERROR;
}

static int64_t begin(struct tree *tree)
{
    struct volume *const volume = &tree->volume;
    return commit_begin(volume) ? 0 : volume->is_protected ? FILE_PROTECTED : FILE_IO_ERROR;
}

/* Find the place of a name that is not there yet and can be made. */
static int64_t find_new(struct tree *tree, const char *path, struct place *place)
{
    static struct entry found;
    struct new_name name;
    const int64_t answer = tree_find_parent(tree, path, place);
    if (answer != 0) {
        return answer;
    }
    if (place->name[0] == '\0') {
        return FILE_EXISTS;
    }
    switch (directory_find(&tree->volume, &place->directory, place->name, &found)) {
    case DIRECTORY_OK:
        return FILE_EXISTS;
    case DIRECTORY_BROKEN:
        return FILE_IO_ERROR;
    default:
        return new_name_make(&name, place->name) ? begin(tree) : FILE_BAD_NAME;
    }
}

/* Find a name that is there. */
static int64_t find_old(struct tree *tree, const char *path, struct place *place,
                        struct entry *entry)
{
    const int64_t answer = tree_find_parent(tree, path, place);
    if (answer != 0) {
        return answer;
    }
    if (place->name[0] == '\0') {
        return FILE_BAD_REQUEST; /* nobody moves or removes the root */
    }
    switch (directory_find(&tree->volume, &place->directory, place->name, entry)) {
    case DIRECTORY_OK:
        return place->has_slash && !is_directory(&entry->node) ? FILE_NOT_A_DIRECTORY : 0;
    case DIRECTORY_END:
        return FILE_NOT_FOUND;
    default:
        return FILE_IO_ERROR;
    }
}

int64_t change_create(struct tree *tree, const char *path)
{
    struct place place;
    uint8_t raw[NAME_ENTRY_BYTES];
    const int64_t answer = find_new(tree, path, &place);
    if (answer != 0 || place.has_slash) {
        return answer != 0 ? answer : FILE_BAD_NAME;
    }
    struct node node = { .attributes = ATTRIBUTE_ARCHIVE };
    entries_stamp(raw);
    return error_of(entries_add(&tree->volume, &place.directory, place.name, raw, &node));
}

int64_t change_make_directory(struct tree *tree, const char *path)
{
    struct place place;
    uint8_t raw[NAME_ENTRY_BYTES];
    int64_t answer = find_new(tree, path, &place);
    if (answer != 0) {
        return answer;
    }
    struct volume *const volume = &tree->volume;
    struct node node = { .attributes = ATTRIBUTE_DIRECTORY };
    if (!space_take(volume, 0, 1, &node.first_cluster)) {
        return FILE_NO_SPACE;
    }
    entries_stamp(raw);
    answer = !entries_make_dots(volume, node.first_cluster, &place.directory)
                 ? FILE_IO_ERROR
                 : error_of(entries_add(volume, &place.directory, place.name, raw, &node));
    if (answer != 0) {
        space_give(volume, node.first_cluster, 0);
    }
    return answer;
}

/* Take a name away, and the clusters that it named. */
static int64_t remove_entry(struct tree *tree, const struct node *directory,
                            const struct entry *entry, bool frees)
{
    struct volume *const volume = &tree->volume;
    const int64_t answer = error_of(entries_remove(volume, directory, entry));
    if (answer != 0) {
        return answer;
    }
    tree_forget(tree, entry->node.entry);
    if (frees && entry->node.first_cluster != 0) {
        fat_forget(&volume->fat, entry->node.first_cluster);
        return space_give(volume, entry->node.first_cluster, 0) ? 0 : FILE_IO_ERROR;
    }
    return 0;
}

int64_t change_remove(struct tree *tree, const char *path)
{
    static struct entry entry;
    struct place place;
    int64_t answer = find_old(tree, path, &place, &entry);
    if (answer == 0 && is_directory(&entry.node)) {
        answer = FILE_IS_A_DIRECTORY;
    }
    if (answer == 0 && entry.node.attributes & ATTRIBUTE_READ_ONLY) {
        answer = FILE_PROTECTED;
    }
    answer = answer == 0 ? begin(tree) : answer;
    return answer == 0 ? remove_entry(tree, &place.directory, &entry, true) : answer;
}

int64_t change_remove_directory(struct tree *tree, const char *path)
{
    static struct entry entry;
    struct place place;
    int64_t answer = find_old(tree, path, &place, &entry);
    if (answer == 0 && !is_directory(&entry.node)) {
        answer = FILE_NOT_A_DIRECTORY;
    }
    if (answer == 0) {
        const enum entries_answer empty = entries_check_empty(&tree->volume, &entry.node);
        answer = empty == ENTRIES_FULL ? FILE_NOT_EMPTY : error_of(empty);
    }
    answer = answer == 0 ? begin(tree) : answer;
    if (answer != 0) {
        return answer;
    }
    index_forget(&tree->volume, entry.node.first_cluster);
    tree_forget(tree, 0);
    return remove_entry(tree, &place.directory, &entry, true);
}

/* After a commit that failed: nothing may have two names. */
static void take_back(struct volume *volume, const struct place *to)
{
    static struct entry made;
    if (directory_find(volume, &to->directory, to->name, &made) == DIRECTORY_OK) {
        entries_remove(volume, &to->directory, &made);
    }
}

/* The new name gets what the old one has, then the old one goes: both on the medium in turn. */
static int64_t move(struct tree *tree, const struct place *from, const struct entry *entry,
                    const struct place *to)
{
    struct volume *const volume = &tree->volume;
    uint8_t raw[NAME_ENTRY_BYTES];
    struct node node = entry->node;
    if (!commit_run(volume) || !entries_read(volume, &entry->node, raw)) {
        return FILE_IO_ERROR;
    }
    const int64_t added = error_of(entries_add(volume, &to->directory, to->name, raw, &node));
    if (added != 0) {
        return added;
    }
    const uint32_t old_parent = directory_id(volume, &from->directory);
    const bool has_other_parent = old_parent != directory_id(volume, &to->directory);
    if (!commit_run(volume)) {
        take_back(volume, to);
        return FILE_IO_ERROR;
    }
    if (is_directory(&node) && has_other_parent &&
        (entries_set_parent(volume, &node, &to->directory) != ENTRIES_OK ||
         !commit_run(volume))) {
        entries_set_parent(volume, &node, &from->directory);
        take_back(volume, to);
        return FILE_IO_ERROR;
    }
    const int64_t removed = remove_entry(tree, &from->directory, entry, false);
    return removed != 0 ? removed : commit_run(volume) ? 0 : FILE_IO_ERROR;
}

/* Whether two entries are changed by the same write. */
static bool are_together(const struct volume *volume, const struct entry *a, const struct entry *b)
{
    const uint32_t sector_bytes = volume->cache->disk->sector_bytes;
    const uint64_t parts = (a->position - a->first) * NAME_ENTRY_BYTES;
    return a->node.entry / sector_bytes == b->node.entry / sector_bytes &&
           a->node.entry % sector_bytes >= parts;
}

/* Have an entry say what a node is, and when that was changed. */
static bool set_entry(struct volume *volume, const struct node *node)
{
    struct node changed = *node;
    return entries_update(volume, &changed, false) == ENTRIES_OK &&
           (node->modified == 0 ||
            entries_set_time(volume, &changed, node->modified * NS_PER_SECOND) == ENTRIES_OK);
}

/*
 * A file that is in the way lends its entry: by one write it names the other's content.
 * If the other's own entry is near, the same write removes that.
 */
static int64_t replace(struct tree *tree, const struct place *from, const struct entry *entry,
                       const struct entry *target)
{
    struct volume *const volume = &tree->volume;
    struct node node = entry->node;
    node.entry = target->node.entry;
    if (!commit_run(volume) || commit_has_failed(volume)) {
        return FILE_IO_ERROR;
    }
    if (!set_entry(volume, &node) ||
        (!are_together(volume, entry, target) && !commit_run(volume))) {
        set_entry(volume, &target->node);
        return FILE_IO_ERROR;
    }
    if (target->node.first_cluster != 0) {
        fat_forget(&volume->fat, target->node.first_cluster);
        if (!space_give(volume, target->node.first_cluster, 0)) {
            return FILE_IO_ERROR;
        }
    }
    const int64_t removed = remove_entry(tree, &from->directory, entry, false);
    return removed != 0 ? removed : commit_run(volume) ? 0 : FILE_IO_ERROR;
}

/* What keeps a file or directory from taking a name that another one has. */
static int64_t check_target(const struct entry *entry, const struct entry *target)
{
    if (is_directory(&target->node) != is_directory(&entry->node)) {
        return is_directory(&target->node) ? FILE_IS_A_DIRECTORY : FILE_NOT_A_DIRECTORY;
    }
    if (is_directory(&target->node)) {
        return FILE_EXISTS;
    }
    return target->node.attributes & ATTRIBUTE_READ_ONLY ? FILE_PROTECTED : 0;
}

int64_t change_rename(struct tree *tree, const char *old_path, const char *new_path)
{
    static struct entry entry, target;
    struct place from, to;
    struct new_name name;
    struct node node;
    struct volume *const volume = &tree->volume;
    int64_t answer = find_old(tree, old_path, &from, &entry);
    answer = answer == 0 ? tree_find_parent(tree, new_path, &to) : answer;
    if (answer != 0) {
        return answer;
    }
    if (to.has_slash && !is_directory(&entry.node)) {
        return FILE_NOT_A_DIRECTORY;
    }
    if (is_directory(&entry.node) && tree_is_inside(tree, new_path, entry.node.first_cluster)) {
        return FILE_BAD_REQUEST;
    }
    const enum directory_answer found =
        directory_find(volume, &to.directory, to.name, &target);
    if (found == DIRECTORY_BROKEN) {
        return FILE_IO_ERROR;
    }
    const bool is_same = found == DIRECTORY_OK && target.node.entry == entry.node.entry;
    if (is_same && strcmp(target.name, to.name) == 0) {
        return 0;
    }
    if (found == DIRECTORY_OK && !is_same) {
        answer = check_target(&entry, &target);
    }
    if (answer == 0 && !new_name_make(&name, to.name)) {
        answer = to.name[0] == '\0' ? FILE_EXISTS : FILE_BAD_NAME;
    }
    answer = answer == 0 ? begin(tree) : answer;
    if (answer != 0) {
        return answer;
    }
    tree_forget(tree, 0);
    if (found == DIRECTORY_OK && !is_same) {
        return replace(tree, &from, &entry, &target);
    }
    if (directory_id(volume, &from.directory) == directory_id(volume, &to.directory)) {
        const enum entries_answer renamed =
            entries_rename(volume, &from.directory, &entry, to.name, &node);
        if (renamed != ENTRIES_FULL) {
            return error_of(renamed);
        }
    }
    return move(tree, &from, &entry, &to);
}

/* Find a file to be changed. */
static int64_t find_file(struct tree *tree, const char *path, struct node *node)
{
    const int64_t answer = tree_find(tree, path, node);
    return answer == 0 && is_directory(node) ? FILE_IS_A_DIRECTORY : answer;
}

int64_t change_write(struct tree *tree, const char *path, uint64_t offset, const void *from,
                     size_t bytes)
{
    struct node node;
    int64_t answer = find_file(tree, path, &node);
    if (answer == 0) {
        answer = content_write(&tree->volume, &node, offset, from, bytes);
        if (answer > 0) {
            tree_note(tree, &node);
        } else if (answer < 0) {
            tree_forget(tree, 0);
        }
    }
    return answer;
}

int64_t change_truncate(struct tree *tree, const char *path, uint64_t bytes)
{
    struct node node;
    int64_t answer = find_file(tree, path, &node);
    if (answer == 0) {
        answer = content_truncate(&tree->volume, &node, bytes);
        if (answer == 0) {
            tree_note(tree, &node);
        } else {
            tree_forget(tree, 0);
        }
    }
    return answer;
}

int64_t change_set_time(struct tree *tree, const char *path, int64_t seconds)
{
    struct node node;
    int64_t answer = tree_find(tree, path, &node);
    if (answer == 0 && node.is_root) {
        answer = FILE_BAD_REQUEST;
    }
    answer = answer == 0 ? begin(tree) : answer;
    if (answer == 0) {
        const bool is_far = seconds < 0 || seconds > INT64_MAX / NS_PER_SECOND;
        const int64_t time = seconds == 0 ? date_now()
                             : is_far     ? INT64_MAX
                                          : seconds * NS_PER_SECOND;
        answer = error_of(entries_set_time(&tree->volume, &node, seconds < 0 ? 0 : time));
        tree_forget(tree, 0);
    }
    return answer;
}

int64_t change_sync(struct tree *tree)
{
    return commit_sync(&tree->volume) ? 0 : FILE_IO_ERROR;
}
