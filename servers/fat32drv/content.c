/* Reading and writing along chains. */
#include "content.h"

#include "commit.h"
#include "entries.h"
#include "space.h"

/*
 * A chain that is longer than its file is allowed, as other systems allocate
 * ahead, but one without an end is not: then the clusters before are no file.
 */
static bool ends_well(struct volume *volume, const struct node *node)
{
    return fat_check_end(&volume->fat, node->first_cluster) == FAT_END;
}

/* Where on the disk a file's byte `offset` is, and how many of `*bytes` follow it there. */
static bool locate(struct volume *volume, uint32_t first, uint64_t offset, uint64_t *place,
                   uint64_t *bytes)
{
    const uint32_t index = (uint32_t)(offset / volume->cluster_bytes);
    const uint32_t last = (uint32_t)((offset + *bytes - 1) / volume->cluster_bytes);
    struct fat_run run;
    if (fat_find(&volume->fat, first, index, last - index + 1, &run) != FAT_OK) {
        return false;
    }
    const uint64_t begin = offset % volume->cluster_bytes;
    const uint64_t rest = (uint64_t)run.count * volume->cluster_bytes - begin;
    *place = volume_cluster_offset(volume, run.cluster) + begin;
    *bytes = *bytes < rest ? *bytes : rest;
    return true;
}

int64_t content_read(struct volume *volume, const struct node *node, uint64_t offset, void *to,
                     size_t bytes)
{
    if (node->attributes & ATTRIBUTE_DIRECTORY) {
        return FILE_IS_A_DIRECTORY;
    }
    if (offset >= node->bytes) {
        return 0;
    }
    const size_t count = bytes < node->bytes - offset ? bytes : (size_t)(node->bytes - offset);
    uint8_t *at = to;
    for (size_t left = count; left > 0;) {
        uint64_t place, piece = left;
        if (!locate(volume, node->first_cluster, offset, &place, &piece) ||
            !cache_read(volume->cache, place, at, (size_t)piece)) {
            return FILE_IO_ERROR;
        }
        at += piece;
        offset += piece;
        left -= (size_t)piece;
    }
    return offset == node->bytes && !ends_well(volume, node) ? FILE_IO_ERROR : (int64_t)count;
}

/*
 * Write along a chain that is long enough; from `new_from` on the file had nothing, so
 * that it need not be read before.
 */
static bool put(struct volume *volume, uint32_t first, uint64_t offset, const uint8_t *from,
                uint64_t bytes, uint64_t new_from)
{
    struct cache *const cache = volume->cache;
    while (bytes > 0) {
        uint64_t place, piece = bytes;
        if (!locate(volume, first, offset, &place, &piece)) {
            return false;
        }
        const bool is_last = offset + piece >= new_from;
        if (!cache_write(cache, place, from, (size_t)piece, CACHE_DATA, is_last)) {
            return false;
        }
        from = from == NULL ? NULL : from + piece;
        offset += piece;
        bytes -= piece;
    }
    return true;
}

static uint32_t clusters_for(const struct volume *volume, uint64_t bytes)
{
    return (uint32_t)((bytes + volume->cluster_bytes - 1) / volume->cluster_bytes);
}

/* Move a file's first `bytes` to a new chain of `count` clusters; false if there is no room. */
static int64_t copy(struct volume *volume, struct node *node, uint32_t count, uint64_t bytes)
{
    uint8_t piece[CACHE_UNIT_BYTES];
    uint32_t first;
    if (!space_take(volume, 0, count, &first)) {
        return FILE_NO_SPACE;
    }
    for (uint64_t offset = 0; offset < bytes; offset += sizeof piece) {
        const uint64_t left = bytes - offset;
        const uint64_t size = left < sizeof piece ? left : sizeof piece;
        uint64_t place, run = size;
        if (!locate(volume, node->first_cluster, offset, &place, &run) ||
            !cache_read(volume->cache, place, piece, (size_t)size) ||
            !put(volume, first, offset, piece, size, 0)) {
            space_give(volume, first, 0);
            return FILE_IO_ERROR;
        }
    }
    if (!space_give(volume, node->first_cluster, 0)) {
        return FILE_IO_ERROR;
    }
    node->first_cluster = first;
    space_set_fresh(volume, first);
    return 0;
}

/* Give a file the clusters for `bytes`. What is in new ones is not said. */
static int64_t grow(struct volume *volume, struct node *node, uint64_t bytes)
{
    const uint32_t needed = clusters_for(volume, bytes);
    uint32_t first, last, count = 0;
    if (node->first_cluster == 0) {
        if (needed == 0) {
            return 0;
        }
        if (!space_take(volume, 0, needed, &first)) {
            return FILE_NO_SPACE;
        }
        node->first_cluster = first;
        space_set_fresh(volume, first);
        return 0;
    }
    if (needed <= clusters_for(volume, node->bytes)) {
        return 0;
    }
    if (fat_find_last(&volume->fat, node->first_cluster, &last, &count) != FAT_OK) {
        return FILE_IO_ERROR;
    }
    if (needed <= count) {
        return 0;
    }
    if (!space_is_fresh(volume, node->first_cluster) && node->bytes <= CONTENT_COPIED_MAX) {
        const int64_t answer = copy(volume, node, needed, node->bytes);
        if (answer != FILE_NO_SPACE) {
            return answer;
        }
    }
    if (!space_take(volume, last + 1, needed - count, &first)) {
        return FILE_NO_SPACE;
    }
    const bool is_linked = space_is_fresh(volume, node->first_cluster)
                               ? fat_set(&volume->fat, last, first)
                               : space_append(volume, node->first_cluster, last, first);
    return is_linked ? 0 : FILE_IO_ERROR;
}

static int64_t check(struct volume *volume, const struct node *node, uint64_t end)
{
    if (node->attributes & ATTRIBUTE_DIRECTORY) {
        return FILE_IS_A_DIRECTORY;
    }
    if (node->attributes & ATTRIBUTE_READ_ONLY) {
        return FILE_PROTECTED;
    }
    if (end > CONTENT_BYTES_MAX) {
        return FILE_TOO_LARGE;
    }
    return commit_begin(volume) ? 0 : volume->is_protected ? FILE_PROTECTED : FILE_IO_ERROR;
}

/* Make a file longer by zeros or by `from`, which begins at `offset`. */
static int64_t write_to(struct volume *volume, struct node *node, uint64_t offset,
                        const void *from, uint64_t bytes)
{
    const uint64_t old_bytes = node->bytes, end = offset + bytes;
    const uint64_t new_bytes = end > old_bytes ? end : old_bytes;
    const int64_t grown = grow(volume, node, new_bytes);
    if (grown != 0) {
        return grown;
    }
    const uint64_t gap = offset > old_bytes ? offset - old_bytes : 0;
    if (!put(volume, node->first_cluster, old_bytes, NULL, gap, old_bytes) ||
        !put(volume, node->first_cluster, offset, from, bytes, old_bytes)) {
        entries_update(volume, node, false); /* its clusters may be others now */
        return FILE_IO_ERROR;
    }
    node->bytes = (uint32_t)new_bytes;
    node->attributes |= ATTRIBUTE_ARCHIVE;
    return entries_update(volume, node, true) == ENTRIES_OK ? 0 : FILE_IO_ERROR;
}

int64_t content_write(struct volume *volume, struct node *node, uint64_t offset, const void *from,
                      size_t bytes)
{
    if (bytes > CONTENT_BYTES_MAX || offset > CONTENT_BYTES_MAX - bytes) {
        return FILE_TOO_LARGE;
    }
    const int64_t wrong = check(volume, node, offset + bytes);
    if (wrong != 0 || bytes == 0) {
        return wrong;
    }
    const int64_t answer = write_to(volume, node, offset, from, bytes);
    return answer == 0 ? (int64_t)bytes : answer;
}

/* Take clusters away, in the order that suits the file (CONTENT_COPIED_MAX). */
static int64_t shrink(struct volume *volume, struct node *node, uint32_t bytes)
{
    const uint32_t kept = clusters_for(volume, bytes), old_first = node->first_cluster;
    const bool is_fewer = kept < clusters_for(volume, node->bytes);
    if (kept == 0) {
        node->first_cluster = 0;
        if (old_first != 0 && !space_give(volume, old_first, 0)) {
            return FILE_IO_ERROR;
        }
    } else if (is_fewer && bytes <= CONTENT_COPIED_MAX &&
               copy(volume, node, kept, bytes) == 0) {
        node->attributes |= ATTRIBUTE_ARCHIVE;
    } else if (is_fewer) {
        struct fat_run end, rest;
        if (fat_find(&volume->fat, old_first, kept - 1, 1, &end) != FAT_OK ||
            fat_find(&volume->fat, old_first, kept, 1, &rest) != FAT_OK) {
            return FILE_IO_ERROR;
        }
        node->bytes = bytes;
        if (entries_update(volume, node, true) != ENTRIES_OK ||
            !space_give(volume, rest.cluster, end.cluster) || !commit_run(volume)) {
            return FILE_IO_ERROR;
        }
        fat_forget(&volume->fat, old_first);
    }
    node->bytes = bytes;
    return entries_update(volume, node, true) == ENTRIES_OK ? 0 : FILE_IO_ERROR;
}

int64_t content_truncate(struct volume *volume, struct node *node, uint64_t bytes)
{
    const int64_t wrong = check(volume, node, bytes);
    if (wrong != 0) {
        return wrong;
    }
    if (bytes >= node->bytes) {
        return write_to(volume, node, bytes, NULL, 0);
    }
    return shrink(volume, node, (uint32_t)bytes);
}
