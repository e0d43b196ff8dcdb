/* The table of mounts: which filesystem's channel is behind "disk0:". */
#ifndef MOUNTS_H
#define MOUNTS_H

#include "vfs.h"

#include <stdbool.h>

/* Add a mount and log it; false if the prefix is bad or taken, or the table full. */
bool mounts_add(const char *prefix, uint64_t channel);

/* Remove a mount; false unless it is there with this channel. */
bool mounts_remove(const char *prefix, uint64_t channel);

/* All of them, in the order in which they were made; returns how many there are. */
size_t mounts_list(struct vfs_mount list[VFS_MOUNTS_MAX]);

/* The channel behind a path's mount, 0 if there is none. Any thread may ask. */
uint64_t mounts_find(const char *path);

#endif
