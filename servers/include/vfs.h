/*
 * The VFS protocol, on the channel named "SYSTEM::VFS" (anos-abi 8.4).
 *
 * The VFS knows mounts and nothing else: a path's mount is everything up to
 * and including its first ':', and the answer is the channel of the filesystem
 * behind it, which speaks the protocol of file.h.
 *
 *   VFS_FIND        body: a path with NUL            -> the filesystem's channel
 *   VFS_REGISTER    body: struct vfs_mount           -> 1
 *   VFS_UNREGISTER  body: struct vfs_mount           -> 1
 *
 * An answer of 0, which arrives as ANOS_FAILURE, says: no colon, no such mount,
 * a message cut short, the prefix is taken, the table is full, or the sender
 * does not hold the channel. Only who registered a mount may remove it.
 */
#ifndef VFS_H
#define VFS_H

#include <stddef.h>
#include <stdint.h>

#define VFS_NAME "SYSTEM::VFS"
#define VFS_PREFIX_BYTES 32 /* with the NUL: a mount has 31 characters at most, the ':' included */
#define VFS_MOUNTS_MAX 32

enum vfs_tag {
    VFS_FIND = 1,
    VFS_REGISTER = 2,
    VFS_UNREGISTER = 3,
};

struct vfs_mount {
    char prefix[VFS_PREFIX_BYTES]; /* "disk0:" */
    uint64_t channel;              /* the sender's own cookie */
};

_Static_assert(offsetof(struct vfs_mount, channel) == 32, "channel");
_Static_assert(sizeof(struct vfs_mount) == 40, "vfs_mount");

#endif
