/* What the file protocol asks of a filesystem, asked of the tree. */
#include "operations.h"

#include "clock.h"
#include "tree.h"

#include <string.h>

#define LABEL "ram"

/* ---- looking ---- */

/* There is one volume, whatever it is mounted as. */
static int64_t find_volume(void *files, const char *path, void **volume, const char **inner)
{
    const char *const colon = strchr(path, ':');
    *volume = files;
    *inner = colon == NULL ? path : colon + 1;
    return colon == NULL ? FILE_BAD_REQUEST : 0;
}

static struct file_facts facts_of(const struct node *node)
{
    return (struct file_facts){
        .attributes = node->is_directory ? FILE_DIRECTORY : 0,
        .bytes = node->content.bytes,
        .modified = node->modified,
    };
}

static int64_t stat(void *volume, const char *path, struct file_facts *facts,
                    char name[FILE_NAME_BYTES])
{
    (void)volume;
    struct node *node;
    const int64_t answer = tree_find(path, &node);
    if (answer == 0) {
        *facts = facts_of(node);
        strcpy(name, node == &node_root ? LABEL : "");
    }
    return answer;
}

/* A position is the number of the next entry, so it stays good whatever is made or removed. */
static int64_t list(void *volume, const char *path, uint64_t *position, struct file_list *entries)
{
    (void)volume;
    struct node *directory;
    const int64_t answer = tree_find(path, &directory);
    if (answer != 0) {
        return answer;
    }
    if (!directory->is_directory) {
        return FILE_NOT_A_DIRECTORY;
    }
    const struct node *node = directory->first;
    while (node != NULL && node->entry->number < *position) {
        node = node->next;
    }
    for (; node != NULL; node = node->next) {
        const struct file_facts facts = facts_of(node);
        if (!file_list_put(entries, &facts, node->entry->name)) {
            *position = node->entry->number;
            return 0;
        }
    }
    *position = 0;
    return 0;
}

static int64_t find_file(const char *path, struct node **node)
{
    const int64_t answer = tree_find(path, node);
    return answer == 0 && (*node)->is_directory ? FILE_IS_A_DIRECTORY : answer;
}

static int64_t read(void *volume, const char *path, uint64_t offset, void *to, size_t bytes)
{
    (void)volume;
    struct node *node;
    const int64_t answer = find_file(path, &node);
    return answer != 0 ? answer : content_read(&node->content, offset, to, bytes);
}

/* ---- changing ---- */

static int64_t add(const char *path, bool is_directory)
{
    struct place place;
    const int64_t answer = tree_find_new(path, &place);
    if (answer != 0) {
        return answer;
    }
    if (place.has_slash && !is_directory) {
        return FILE_BAD_NAME;
    }
    struct node *const made = node_make(place.directory, place.name, is_directory, clock_now());
    return made != NULL ? 0 : FILE_NO_SPACE;
}

static int64_t create(void *volume, const char *path)
{
    (void)volume;
    return add(path, false);
}

static int64_t make_directory(void *volume, const char *path)
{
    (void)volume;
    return add(path, true);
}

static int64_t remove_file(void *volume, const char *path)
{
    (void)volume;
    struct place place;
    struct node *node;
    int64_t answer = tree_find_old(path, &place, &node);
    if (answer == 0 && node->is_directory) {
        answer = FILE_IS_A_DIRECTORY;
    }
    if (answer == 0) {
        node_remove(node);
    }
    return answer;
}

static int64_t remove_directory(void *volume, const char *path)
{
    (void)volume;
    struct place place;
    struct node *node;
    int64_t answer = tree_find_old(path, &place, &node);
    if (answer == 0 && !node->is_directory) {
        answer = FILE_NOT_A_DIRECTORY;
    }
    if (answer == 0 && node->first != NULL) {
        answer = FILE_NOT_EMPTY;
    }
    if (answer == 0) {
        node_remove(node);
    }
    return answer;
}

/* What keeps a node from taking a name that another one has. */
static int64_t check_target(const struct node *node, const struct node *target)
{
    if (target->is_directory != node->is_directory) {
        return target->is_directory ? FILE_IS_A_DIRECTORY : FILE_NOT_A_DIRECTORY;
    }
    return target->is_directory ? FILE_EXISTS : 0;
}

static int64_t rename_node(void *volume, const char *old_path, const char *new_path)
{
    (void)volume;
    struct place from, to;
    struct node *node;
    int64_t answer = tree_find_old(old_path, &from, &node);
    answer = answer == 0 ? tree_find_place(new_path, &to) : answer;
    if (answer != 0) {
        return answer;
    }
    if (to.has_slash && !node->is_directory) {
        return FILE_NOT_A_DIRECTORY;
    }
    if (to.name.bytes == 0) {
        return FILE_EXISTS;
    }
    if (tree_is_inside(to.directory, node)) {
        return FILE_BAD_REQUEST;
    }
    struct node *const target = node_find(to.directory, to.name);
    if (target == node) {
        return 0;
    }
    answer = target != NULL ? check_target(node, target) : 0;
    if (answer == 0 && !node_name_is_good(to.name)) {
        answer = FILE_BAD_NAME;
    }
    if (answer == 0 && !node_move(node, to.directory, to.name, target)) {
        answer = FILE_NO_SPACE;
    }
    return answer;
}

static int64_t write(void *volume, const char *path, uint64_t offset, const void *from,
                     size_t bytes)
{
    (void)volume;
    struct node *node;
    int64_t answer = find_file(path, &node);
    if (answer == 0) {
        answer = content_write(&node->content, offset, from, bytes);
        node->modified = answer > 0 ? clock_now() : node->modified;
    }
    return answer;
}

static int64_t truncate(void *volume, const char *path, uint64_t bytes)
{
    (void)volume;
    struct node *node;
    int64_t answer = find_file(path, &node);
    if (answer == 0) {
        answer = content_truncate(&node->content, bytes);
        node->modified = answer == 0 ? clock_now() : node->modified;
    }
    return answer;
}

static int64_t set_time(void *volume, const char *path, int64_t seconds)
{
    (void)volume;
    struct node *node;
    int64_t answer = tree_find(path, &node);
    if (answer == 0 && node == &node_root) {
        answer = FILE_BAD_REQUEST;
    }
    if (answer == 0) {
        node->modified = seconds == 0 ? clock_now() : seconds;
    }
    return answer;
}

const struct file_operations ram_operations = {
    .find_volume = find_volume,
    .stat = stat,
    .list = list,
    .read = read,
    .create = create,
    .make_directory = make_directory,
    .remove = remove_file,
    .remove_directory = remove_directory,
    .rename = rename_node,
    .truncate = truncate,
    .set_time = set_time,
    .write = write,
};
