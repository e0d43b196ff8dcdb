/*
 * Where to ask for a path: first at the directories that the program was given (ANOS_FILES
 * names those in the slots from 104 on), then at the VFS, if the program may ask there.
 */
#include "paths.h"

#include "descriptors.h"
#include "vfs.h"

#include <anos/abi.h>
#include <stdlib.h>
#include <string.h>

#define MOUNTS_MAX 8

/* Mounts that the VFS has told of, so that not every path asks for its mount. */
static struct {
    char prefix[VFS_PREFIX_BYTES];
    uint64_t channel;
} mounts[MOUNTS_MAX];
static unsigned next_mount;
static volatile int mounts_lock[1];

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

static uint64_t known_mount(const char *prefix)
{
    uint64_t channel = 0;
    __lock(mounts_lock);
    for (int i = 0; i < MOUNTS_MAX; i++) {
        if (mounts[i].channel != 0 && strcmp(mounts[i].prefix, prefix) == 0) {
            channel = mounts[i].channel;
        }
    }
    __unlock(mounts_lock);
    return channel;
}

HIDDEN void __anos_forget_mount(uint64_t channel)
{
    __lock(mounts_lock);
    for (int i = 0; i < MOUNTS_MAX; i++) {
        if (mounts[i].channel == channel) {
            mounts[i].channel = 0;
        }
    }
    __unlock(mounts_lock);
}

/* Ask the VFS for a mount; 0 if there is none. */
static uint64_t find_mount(const char *prefix, void *page)
{
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    if (vfs == 0) {
        return 0;
    }
    strcpy(page, prefix);
    const uint64_t channel = anos_send_message(vfs, VFS_FIND, strlen(prefix) + 1, page).value;
    if (channel != 0) {
        __lock(mounts_lock);
        strcpy(mounts[next_mount].prefix, prefix);
        mounts[next_mount].channel = channel;
        next_mount = (next_mount + 1) % MOUNTS_MAX;
        __unlock(mounts_lock);
    }
    return channel;
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
    char prefix[VFS_PREFIX_BYTES];
    const size_t bytes = strcspn(text, ":") + 1;
    if (bytes >= sizeof prefix) {
        return -ENOENT;
    }
    *(char *)mempcpy(prefix, text, bytes) = '\0';
    uint64_t channel = known_mount(prefix);
    if (channel == 0) {
        channel = find_mount(prefix, page);
    }
    *place = (struct place){ channel, false, text };
    return channel != 0 ? 0 : -ENOENT;
}
