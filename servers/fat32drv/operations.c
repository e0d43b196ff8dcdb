/* What the file protocol asks of a filesystem, asked of a tree. */
#include "operations.h"

#include "change.h"
#include "content.h"
#include "mounts.h"

#include <string.h>

static struct file_facts facts_of(const struct node *node)
{
    return (struct file_facts){ node->attributes, node->bytes, node->modified };
}

static int64_t find_volume(void *files, const char *path, void **volume, const char **inner)
{
    struct tree *tree = NULL;
    const int64_t answer = mounts_find(files, path, &tree, inner);
    *volume = tree;
    return answer;
}

static int64_t stat(void *volume, const char *path, struct file_facts *facts,
                    char name[FILE_NAME_BYTES])
{
    struct tree *const tree = volume;
    struct node node;
    const int64_t answer = tree_find(tree, path, &node);
    if (answer == 0) {
        *facts = facts_of(&node);
        strcpy(name, node.is_root ? tree->volume.label : "");
    }
    return answer;
}

static int64_t list(void *volume, const char *path, uint64_t *position, struct file_list *entries)
{
    struct tree *const tree = volume;
    struct node directory;
    const int64_t answer = tree_find(tree, path, &directory);
    if (answer != 0) {
        return answer;
    }
    if (!(directory.attributes & ATTRIBUTE_DIRECTORY)) {
        return FILE_NOT_A_DIRECTORY;
    }
    if (*position > DIRECTORY_ENTRIES_MAX) {
        return FILE_BAD_REQUEST;
    }
    for (bool any = false;; any = true) {
        struct entry entry;
        uint32_t next = (uint32_t)*position;
        const enum directory_answer found =
            directory_next(&tree->volume, &directory, &next, &entry);
        if (found == DIRECTORY_END) {
            *position = 0;
            return 0;
        }
        if (found == DIRECTORY_BROKEN) {
            return any ? 0 : FILE_IO_ERROR;
        }
        const struct file_facts facts = facts_of(&entry.node);
        if (!file_list_put(entries, &facts, entry.name)) {
            return 0;
        }
        *position = next;
    }
}

static int64_t read(void *volume, const char *path, uint64_t offset, void *to, size_t bytes)
{
    struct tree *const tree = volume;
    struct node node;
    const int64_t answer = tree_find(tree, path, &node);
    return answer != 0 ? answer : content_read(&tree->volume, &node, offset, to, bytes);
}

static int64_t create(void *volume, const char *path)
{
    return change_create(volume, path);
}

static int64_t make_directory(void *volume, const char *path)
{
    return change_make_directory(volume, path);
}

static int64_t remove_file(void *volume, const char *path)
{
    return change_remove(volume, path);
}

static int64_t remove_directory(void *volume, const char *path)
{
    return change_remove_directory(volume, path);
}

static int64_t rename_entry(void *volume, const char *old_path, const char *new_path)
{
    return change_rename(volume, old_path, new_path);
}

static int64_t truncate(void *volume, const char *path, uint64_t bytes)
{
    return change_truncate(volume, path, bytes);
}

static int64_t set_time(void *volume, const char *path, int64_t seconds)
{
    return change_set_time(volume, path, seconds);
}

static int64_t sync_volume(void *volume)
{
    return change_sync(volume);
}

static int64_t write(void *volume, const char *path, uint64_t offset, const void *from,
                     size_t bytes)
{
    return change_write(volume, path, offset, from, bytes);
}

const struct file_operations fat_operations = {
    .find_volume = find_volume,
    .stat = stat,
    .list = list,
    .read = read,
    .create = create,
    .make_directory = make_directory,
    .remove = remove_file,
    .remove_directory = remove_directory,
    .rename = rename_entry,
    .truncate = truncate,
    .set_time = set_time,
    .sync = sync_volume,
    .write = write,
};
