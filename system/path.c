/* Paths, as anos-abi 8.4 reads them. */
#include "path.h"

#include <string.h>

bool path_copy(char *path, const char *from, size_t bytes, size_t client_bytes)
{
    const size_t limit = client_bytes < bytes ? client_bytes : bytes;
    memcpy(path, from, limit);
    return memchr(path, '\0', limit) != NULL;
}

size_t path_mount_bytes(const char *path)
{
    const char *const colon = strchr(path, ':');
    return colon == NULL || colon == path ? 0 : (size_t)(colon - path) + 1;
}

const char *path_in_mount(const char *path)
{
    const size_t mount_bytes = path_mount_bytes(path);
    if (mount_bytes == 0) {
        return NULL;
    }
    const char *name = path + mount_bytes;
    while (*name == '/') {
        name++;
    }
    return *name == '\0' ? NULL : name;
}
