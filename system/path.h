/* Paths: a mount up to and including the first ':', then a name. */
#ifndef PATH_H
#define PATH_H

#include <stddef.h>

/*
 * Copy a string that a client wrote, NUL included: it must end within
 * `client_bytes` of `from` and fit into `bytes`. A client may change its page
 * while we look at it, so nothing is tested before it is copied.
 */
bool path_copy(char *path, const char *from, size_t bytes, size_t client_bytes);

/* Bytes of the path's mount with its ':', 0 if it has none or an empty one. */
size_t path_mount_bytes(const char *path);

/* The path without mount and leading slashes; NULL without a mount or if nothing follows it. */
const char *path_in_mount(const char *path);

#endif
