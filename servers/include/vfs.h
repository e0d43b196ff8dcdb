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
 *   VFS_LIST        no body, but a page              -> bytes of the struct vfs_listing in it
 *
 * A mount's channel may be a handle on a directory (FILE_OPEN of file.h): paths
 * below the mount are then paths below that directory. When the filesystem behind
 * a mount ends, so does the mount.
 *
 * An answer of 0, which arrives as ANOS_FAILURE, says: no colon, no such mount,
 * a message cut short, the prefix is taken, the table is full, or the sender
 * does not hold the channel, or may not pass it on. A mount can be removed only
 * with the channel that it was made with.
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
    VFS_LIST = 4,
};

struct vfs_mount {
    char prefix[VFS_PREFIX_BYTES]; /* "disk0:" */
    uint64_t channel;              /* the sender's own cookie */
};

struct vfs_entry {
    char prefix[VFS_PREFIX_BYTES];
    uint32_t channel; /* the kernel's number of it: the same for mounts of the same server */
    uint32_t reserved_36;
};

/* All mounts, in the order in which they were made. */
struct vfs_listing {
    uint32_t count;
    uint32_t reserved_4;
    struct vfs_entry entries[];
};

_Static_assert(offsetof(struct vfs_mount, channel) == 32, "channel");
_Static_assert(sizeof(struct vfs_mount) == 40, "vfs_mount");
_Static_assert(sizeof(struct vfs_entry) == 40, "vfs_entry");
_Static_assert(offsetof(struct vfs_listing, entries) == 8, "entries");

#endif
