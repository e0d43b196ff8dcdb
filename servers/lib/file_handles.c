/* Handles: a table of paths, and the capabilities that stand for them. */
#include "file_handles.h"

#include <anos/abi.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 32 /* capabilities asked for at once */

const struct file_handle *file_handles_find(const struct file_handles *handles, uint64_t badge)
{
    const struct file_handle *const handle = &handles->table[badge % FILE_HANDLES_MAX];
    return badge != 0 && handle->badge == badge ? handle : NULL;
}

bool file_handles_is_stale(const struct file_handles *handles, uint64_t badge)
{
    return badge / FILE_HANDLES_MAX >> FILE_GENERATION_SHIFT !=
           handles->opened >> FILE_GENERATION_SHIFT;
}

/* A path as the table has it, "disk0:/docs/a.txt", on the heap; NULL without memory. */
static char *normal(const char *path)
{
    char *const made = malloc(strlen(path) + 2); /* with a '/' behind the mount */
    const char *const colon = strchr(path, ':');
    size_t used = colon == NULL ? 0 : (size_t)(colon - path) + 1;
    if (made == NULL) {
        return NULL;
    }
    memcpy(made, path, used);
    for (const char *at = path + used; *(at += strspn(at, "/")) != '\0';) {
        const size_t bytes = strcspn(at, "/");
        made[used++] = '/';
        memcpy(made + used, at, bytes);
        used += bytes;
        at += bytes;
    }
    made[used] = '\0';
    return made;
}

static struct file_handle *find_path(struct file_handles *handles, const char *path,
                                     uint32_t rights)
{
    for (size_t i = 0; i < FILE_HANDLES_MAX; i++) {
        struct file_handle *const handle = &handles->table[i];
        if (handle->badge != 0 && handle->rights == rights && strcmp(handle->path, path) == 0) {
            return handle;
        }
    }
    return NULL;
}

static struct file_handle *find_free(struct file_handles *handles)
{
    for (size_t i = 0; i < FILE_HANDLES_MAX; i++) {
        if (handles->table[i].badge == 0) {
            return &handles->table[i];
        }
    }
    return NULL;
}

/* Free the handles that no client has any more: nothing hangs on their capabilities. */
static void free_unheld(struct file_handles *handles)
{
    static struct anos_capability_info list[LISTED];
    bool held[FILE_HANDLES_MAX] = { false };
    uint64_t count;
    for (uint64_t first = 0;
         (count = anos_list_capabilities(list, LISTED, first).value) > 0 && count <= LISTED;
         first += count) {
        for (uint64_t i = 0; i < count; i++) {
            if (file_handles_find(handles, list[i].badge) != NULL && list[i].size > 0) {
                held[list[i].badge % FILE_HANDLES_MAX] = true;
            }
        }
    }
    for (size_t i = 0; i < FILE_HANDLES_MAX; i++) {
        struct file_handle *const handle = &handles->table[i];
        if (handle->badge != 0 && !held[i]) {
            anos_drop(handle->cookie);
            free(handle->path);
            *handle = (struct file_handle){ 0 };
        }
    }
}

int64_t file_handles_open(struct file_handles *handles, uint64_t channel, const char *path,
                          uint32_t rights, uint64_t *cookie)
{
    char *const own = normal(path);
    if (own == NULL) {
        return FILE_NO_SPACE;
    }
    struct file_handle *handle = find_path(handles, own, rights);
    if (handle != NULL) {
        *cookie = handle->cookie;
        free(own);
        return 0;
    }
    handle = find_free(handles);
    if (handle == NULL) {
        free_unheld(handles);
        handle = find_free(handles);
    }
    if (handle == NULL) {
        free(own);
        return FILE_NO_SPACE;
    }
    const uint64_t index = (uint64_t)(handle - handles->table);
    const uint64_t badge = ++handles->opened * FILE_HANDLES_MAX + index;
    const struct anos_result made =
        anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, badge);
    if (made.type != ANOS_OK || made.value == channel) {
        free(own);
        return FILE_NO_HANDLES;
    }
    *handle = (struct file_handle){ badge, made.value, rights, own };
    *cookie = made.value;
    return 0;
}
