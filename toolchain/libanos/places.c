/*
 * Where to ask for a path: first at the directories that the program was given (ANOS_FILES
 * names those in the slots from 104 on), then at the VFS, if the program may ask there.
 */
#include "paths.h"

#include "vfs.h"

#include <anos/abi.h>
#include <stdlib.h>
#include <string.h>

static uint64_t vfs; /* its channel; the mounts it tells of are asked for each time */

/* Is the path a directory's, of `bytes` without '/' at its end, or below it? */
static bool is_below(const char *text, const char *directory, size_t bytes)
{
    return strncmp(text, directory, bytes) == 0 && (text[bytes] == '/' || text[bytes] == '\0');
}

/* Find a path below a directory that is held: the nearest one. */
static bool find_held(const char *text, struct place *place)
{
    const char *name = getenv("ANOS_FILES");
    size_t longest = 0;
    for (int i = 0; name != NULL && i < ANOS_DIRECTORY_SLOTS; i++) {
        const size_t bytes = strcspn(name, ";");
        size_t used = bytes;
        while (used > 0 && name[used - 1] == '/') {
            used--;
        }
        const uint64_t channel = __syscall_capabilities[ANOS_FIRST_DIRECTORY_SLOT + i];
        if (channel != 0 && used > longest && is_below(text, name, used)) {
            longest = used;
            *place = (struct place){ channel, true, text + used };
        }
        name = name[bytes] == ';' ? name + bytes + 1 : NULL;
    }
    return longest > 0;
}

/* Ask the VFS for a mount, which the first bytes of the text name. */
static struct anos_result ask_vfs(const char *text, size_t bytes, void *page)
{
    const uint64_t channel = __atomic_load_n(&vfs, __ATOMIC_RELAXED);
    if (channel == 0) {
        return (struct anos_result){ ANOS_FAILURE, 0 };
    }
    *(char *)mempcpy(page, text, bytes) = '\0';
    return anos_send_message(channel, VFS_FIND, bytes + 1, page);
}

/* The channel of a path's mount; 0 if there is none. */
static uint64_t find_mount(const char *text, void *page)
{
    const size_t bytes = strcspn(text, ":") + 1;
    if (bytes >= VFS_PREFIX_BYTES) {
        return 0;
    }
    struct anos_result found = ask_vfs(text, bytes, page);
    if (found.type != ANOS_OK) { /* no such mount, or not yet a channel that works */
        __atomic_store_n(&vfs, anos_find_named_channel(VFS_NAME).value, __ATOMIC_RELAXED);
        found = ask_vfs(text, bytes, page);
    }
    return found.value;
}

HIDDEN long __anos_place(const char *text, struct place *place, void *page)
{
    if (__syscall_capabilities[ANOS_SYS_SEND_MESSAGE] == 0) {
        return -EACCES;
    }
    if (find_held(text, place)) {
        return 0;
    }
    if (__syscall_capabilities[ANOS_SYS_FIND_NAMED_CHANNEL] == 0) {
        return -EACCES;
    }
    const uint64_t channel = find_mount(text, page);
    *place = (struct place){ channel, false, text };
    return channel != 0 ? 0 : -ENOENT;
}
