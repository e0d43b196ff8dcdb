/*
 * Mounts: what the VFS (vfs.h) knows, and directories that are mounted under another name.
 *
 * Such a mount is a handle on the directory (FILE_OPEN), which is kept until it is
 * unmounted: the VFS removes a mount only for who holds its channel.
 */
#include "builtins.h"
#include "file_client.h"
#include "handle.h"
#include "vfs.h"

#include <anos/abi.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct vfs_mount mount;
    char *path;
} made[VFS_MOUNTS_MAX];

/* A message to the VFS; its answer, 0 if it refuses. */
static uint64_t ask_vfs(uint64_t tag, const struct vfs_mount *mount, void *page)
{
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    memcpy(page, mount, sizeof *mount);
    const struct anos_result answer = anos_send_message(vfs, tag, sizeof *mount, page);
    return answer.type == ANOS_OK ? answer.value : 0;
}

/* The place of a mount that was made here, or of none (""); NULL if there is none. */
static struct vfs_mount *find(const char *prefix, char ***path)
{
    for (unsigned i = 0; i < VFS_MOUNTS_MAX; i++) {
        if (strcmp(made[i].mount.prefix, prefix) == 0) {
            *path = &made[i].path;
            return &made[i].mount;
        }
    }
    return NULL;
}

static int show_mounts(struct call *call, void *page)
{
    const struct vfs_listing *const listing = page;
    if (ask_vfs(VFS_LIST, &(struct vfs_mount){ 0 }, page) == 0) {
        return command_fail(call, VFS_NAME, EIO);
    }
    for (uint32_t i = 0; i < listing->count; i++) {
        char **path;
        const struct vfs_mount *const own = find(listing->entries[i].prefix, &path);
        fprintf(call->out, "%s%s%s\n", listing->entries[i].prefix, own != NULL ? " is " : "",
                own != NULL ? *path : "");
    }
    return STATUS_OK;
}

static int mount_path(struct call *call, void *page)
{
    char **place;
    struct vfs_mount mount = { 0 };
    struct vfs_mount *const own = find("", &place);
    char *const path = realpath(call->arguments[2], NULL);
    const char *const prefix = call->arguments[1];
    const size_t bytes = strlen(prefix);
    if (path == NULL) {
        return command_fail(call, call->arguments[2], errno);
    }
    if (own == NULL || bytes >= sizeof mount.prefix || bytes < 2 || prefix[bytes - 1] != ':') {
        free(path);
        return command_fail(call, prefix, own == NULL ? ENOSPC : EINVAL);
    }
    memcpy(mount.prefix, prefix, bytes);
    const int64_t error = handle_open(path, 0, &mount.channel, page);
    if (error != 0) {
        fprintf(call->errors, "mount: %s: %s\n", path, file_error_text(error));
        free(path);
        return STATUS_FAILED;
    }
    if (ask_vfs(VFS_REGISTER, &mount, page) == 0) {
        handle_close(mount.channel);
        free(path);
        return command_fail(call, prefix, EEXIST);
    }
    *own = mount;
    *place = path;
    return STATUS_OK;
}

static int unmount_path(struct call *call, void *page)
{
    char **path;
    struct vfs_mount *const own = find(call->arguments[1], &path);
    if (own == NULL || own->prefix[0] == '\0') {
        fprintf(call->errors, "unmount: %s was not mounted here\n", call->arguments[1]);
        return STATUS_FAILED;
    }
    const bool removed = ask_vfs(VFS_UNREGISTER, own, page) != 0;
    handle_close(own->channel);
    *own = (struct vfs_mount){ 0 };
    free(*path);
    *path = NULL;
    return removed ? STATUS_OK : command_fail(call, call->arguments[1], ENOENT);
}

static int with_page(struct call *call, int (*act)(struct call *, void *))
{
    void *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    if (page == NULL) {
        return command_fail(call, call->arguments[0], ENOMEM);
    }
    pthread_mutex_lock(&lock);
    const int status = act(call, page);
    pthread_mutex_unlock(&lock);
    free(page);
    return status;
}

static int mounts(struct call *call)
{
    return with_page(call, show_mounts);
}

static int mount(struct call *call)
{
    return with_page(call, mount_path);
}

static int unmount(struct call *call)
{
    return with_page(call, unmount_path);
}

const struct builtin mount_builtins[] = {
    { "mounts", "", "the mounts: what a path can begin with", NULL, 0, 0, mounts },
    { "mount", "MOUNT: DIRECTORY", "give a directory a mount of its own",
      "  mount docs: disk0:/docs", 2, 2, mount },
    { "unmount", "MOUNT:", "take it away again", NULL, 1, 1, unmount },
    { .name = NULL },
};
