/*
 * The order in which changes reach the disk.
 *
 * Changes are made in the cache. A commit brings them to the medium in steps,
 * each of which is there before the next one begins:
 *
 *   1  the contents of files,
 *   2  the allocation tables' new chains, which no entry names yet,
 *   3  the links to them from the ends of old chains (fat.h),
 *   4  the directories' entries, each of which is changed by one sector's write,
 *   5  the tables' chains that no entry names any more.
 *
 * So whatever a power cut leaves, an entry names a whole chain with its content;
 * what is lost are clusters that nobody names. Clusters are not used again before
 * their step 5. Two entries that depend on each other (a rename from one sector
 * to another) have a commit between them.
 *
 * If a step fails the commit does, and the next one does all again that has not reached the
 * medium for certain. Contents that cannot be written, though, stop nobody but who asks for a
 * sync, or lets a file take another one's place: a bad sector is one file's affair.
 *
 * While anything is under way the volume is marked as dirty: in the table's second
 * entry (FAT16, FAT32) and in the first sector (FAT12, FAT16; FAT32 has a backup of
 * that sector, which would differ).
 */
#ifndef COMMIT_H
#define COMMIT_H

#include "volume.h"

/* Learn whether a volume that is being opened is dirty; `flag` is what its first sector says. */
void commit_open(struct volume *volume, bool flag);

/*
 * Call before a change: marks the volume, and commits what there is if it has got
 * much. False if the volume cannot be written.
 */
bool commit_begin(struct volume *volume);

/*
 * Bring all changes to the medium, but contents that cannot be written; false if the disk could
 * not. Between changes only.
 */
bool commit_run(struct volume *volume);

/* Whether there are such contents, after a commit. */
bool commit_has_failed(const struct volume *volume);

/* Bring all changes and contents to the medium, and no longer mark the volume as dirty. */
bool commit_sync(struct volume *volume);

/* Whether a volume has changes that are not on the medium, or is marked. */
bool commit_is_due(const struct volume *volume);

#endif
