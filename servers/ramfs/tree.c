/* Going down paths. */
#include "tree.h"

#include <string.h>

/* The next name of a path, which then begins behind it and its slashes. */
static struct name take_name(const char **path)
{
    const char *const begin = *path + strspn(*path, "/");
    const struct name name = { begin, strcspn(begin, "/") };
    *path = name.text + name.bytes;
    return name;
}

/* Go down to the directory of the last name. */
int64_t tree_find_place(const char *path, struct place *place)
{
    *place = (struct place){ .directory = &node_root };
    place->name = take_name(&path);
    for (;;) {
        place->has_slash = *path == '/';
        const struct name next = take_name(&path);
        if (next.bytes == 0) {
            return 0;
        }
        struct node *const below = node_find(place->directory, place->name);
        if (below == NULL) {
            return FILE_NOT_FOUND;
        }
        if (!below->is_directory) {
            return FILE_NOT_A_DIRECTORY;
        }
        place->directory = below;
        place->name = next;
    }
}

int64_t tree_find(const char *path, struct node **node)
{
    struct place place;
    const int64_t answer = tree_find_place(path, &place);
    if (answer != 0) {
        return answer;
    }
    *node = place.name.bytes == 0 ? &node_root : node_find(place.directory, place.name);
    if (*node == NULL) {
        return FILE_NOT_FOUND;
    }
    return place.has_slash && !(*node)->is_directory ? FILE_NOT_A_DIRECTORY : 0;
}

int64_t tree_find_old(const char *path, struct place *place, struct node **node)
{
    const int64_t answer = tree_find_place(path, place);
    if (answer != 0) {
        return answer;
    }
    if (place->name.bytes == 0) {
        return FILE_BAD_REQUEST; /* nobody moves or removes the root */
    }
    return tree_find(path, node);
}

int64_t tree_find_new(const char *path, struct place *place)
{
    const int64_t answer = tree_find_place(path, place);
    if (answer != 0) {
        return answer;
    }
    if (place->name.bytes == 0 || node_find(place->directory, place->name) != NULL) {
        return FILE_EXISTS;
    }
    return node_name_is_good(place->name) ? 0 : FILE_BAD_NAME;
}

bool tree_is_inside(const struct node *directory, const struct node *node)
{
    while (directory != NULL && directory != node) {
        directory = directory->parent;
    }
    return directory != NULL;
}
