/* Room for a name in a directory. */
#ifndef ROOM_H
#define ROOM_H

#include "entries.h"

#define SECTOR_ENTRIES (CACHE_UNIT_BYTES / NAME_ENTRY_BYTES)

/* `slots` entries from `position` on; unused ones begin at `end`, UINT32_MAX if not before. */
struct room {
    uint32_t slots, position, end;
};

/*
 * Look for room->slots free entries from `from` on: in one sector if they fit into
 * one. The directory grows if there are none, unless `limit` says where to stop.
 */
enum entries_answer room_find(struct volume *volume, const struct node *directory, uint32_t from,
                              uint32_t limit, struct room *room);

/* What is behind the end of a directory stays behind it, and what is before it does not end it. */
bool room_take(struct volume *volume, const struct node *directory, const struct room *room);

#endif
