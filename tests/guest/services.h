/* For programs that check SYSTEM's services: its clients, as short as can be. */
#ifndef SERVICES_H
#define SERVICES_H

#include "check.h"
#include "file.h"
#include "vfs.h"

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t vfs, ramfs;

UNUSED void fails(const char *name, result got)
{
    is(name, got, ANOS_FAILURE);
}

UNUSED void find_services(void)
{
    vfs = anos_find_named_channel(VFS_NAME).value;
    strcpy(page, "boot:");
    ramfs = anos_send_message(vfs, VFS_FIND, 6, page).value;
}

UNUSED result find(const char *path)
{
    memset(page, 0, sizeof page);
    strcpy(page, path);
    return anos_send_message(vfs, VFS_FIND, strlen(path) + 1, page);
}

UNUSED result change(enum vfs_tag tag, const char *prefix, uint64_t channel)
{
    struct vfs_mount mount = { .channel = channel };
    strncpy(mount.prefix, prefix, sizeof mount.prefix);
    memcpy(page, &mount, sizeof mount);
    return anos_send_message(vfs, tag, sizeof mount, page);
}

UNUSED result file_size(const char *path)
{
    memset(page, 0, sizeof page);
    strcpy(page, path);
    return anos_send_message(ramfs, FILE_SIZE, strlen(path) + 1, page);
}

UNUSED result load(const char *path, uint64_t offset, uint64_t size)
{
    struct file_load *const request = (struct file_load *)page;
    memset(page, 0x5a, sizeof page);
    request->offset = offset;
    strcpy(request->path, path);
    return anos_send_message(ramfs, FILE_LOAD, size, page);
}

#endif
