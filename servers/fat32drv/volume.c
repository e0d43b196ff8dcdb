/* The BIOS parameter block: its fields, and what follows from them. */
#include "volume.h"

#include "bytes.h"
#include "commit.h"
#include "name.h"

#include <string.h>

#define BOOT_SECTOR_BYTES 512
#define SECTOR_BYTES_MIN 512
#define SECTOR_BYTES_MAX 4096
#define CLUSTER_BYTES_MAX (256 * 1024) /* 64 sectors of 4096 */
#define ENTRY_BYTES 32

/* With so many clusters a volume is FAT16 or FAT32, and nothing else decides (3.5). */
#define FAT16_CLUSTERS_MIN 4085
#define FAT32_CLUSTERS_MIN 65525
#define FAT32_CLUSTERS_MAX 0x0ffffff5

struct bpb {
    uint32_t sector_bytes;
    uint32_t cluster_sectors;
    uint32_t reserved_sectors;
    uint32_t table_count;
    uint32_t root_entries;
    uint64_t sector_count;
    uint32_t table_sectors;
    uint8_t media;
    bool has_short_tables; /* the layout of FAT12 and FAT16 */
};

static bool is_power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static struct bpb read_bpb(const uint8_t *sector)
{
    struct bpb bpb = {
        .sector_bytes = get16(sector + 11),
        .cluster_sectors = sector[13],
        .reserved_sectors = get16(sector + 14),
        .table_count = sector[16],
        .root_entries = get16(sector + 17),
        .sector_count = get16(sector + 19),
        .media = sector[21],
        .table_sectors = get16(sector + 22),
    };
    bpb.has_short_tables = bpb.table_sectors != 0;
    if (bpb.sector_count == 0) {
        bpb.sector_count = get32(sector + 32);
    }
    if (!bpb.has_short_tables) {
        bpb.table_sectors = get32(sector + 36);
    }
    return bpb;
}

/* Test what holds for every kind of FAT; NULL if it does. */
static const char *check_bpb(const struct bpb *bpb)
{
    if (!is_power_of_two(bpb->sector_bytes) || bpb->sector_bytes < SECTOR_BYTES_MIN ||
        bpb->sector_bytes > SECTOR_BYTES_MAX) {
        return "its sector size is not 512, 1024, 2048 or 4096";
    }
    if (!is_power_of_two(bpb->cluster_sectors) ||
        bpb->cluster_sectors * bpb->sector_bytes > CLUSTER_BYTES_MAX) {
        return "its cluster size is no power of two up to 256 KiB";
    }
    if (bpb->reserved_sectors == 0) {
        return "it has no room for its own first sector";
    }
    if (bpb->table_count == 0 || bpb->table_sectors == 0) {
        return "it has no allocation table";
    }
    if (bpb->media != 0xf0 && bpb->media < 0xf8) {
        return "its media byte is none";
    }
    if (bpb->sector_count == 0) {
        return "it has no sectors";
    }
    if (bpb->root_entries * ENTRY_BYTES % bpb->sector_bytes != 0) {
        return "its root directory does not fill its sectors";
    }
    if (bpb->has_short_tables != (bpb->root_entries != 0)) {
        return "it has the tables of one kind of FAT and the root directory of another";
    }
    return NULL;
}

/* Set what FAT32 alone has: its root directory's cluster and the table that is in use (3.3). */
static const char *open_fat32(struct volume *volume, const struct bpb *bpb, const uint8_t *sector)
{
    const uint32_t flags = get16(sector + 40), version = get16(sector + 42);
    const uint32_t table = flags & 0x80 ? flags & 15 : 0;
    volume->root_cluster = get32(sector + 44);
    if (version != 0) {
        return "its FAT32 version is not 0.0";
    }
    if (table >= bpb->table_count) {
        return "the allocation table in use is none of its tables";
    }
    if (volume->root_cluster < FAT_FIRST_CLUSTER ||
        volume->root_cluster - FAT_FIRST_CLUSTER >= volume->fat.cluster_count) {
        return "its root directory is outside of it";
    }
    volume->fat.offset += (uint64_t)table * bpb->table_sectors * bpb->sector_bytes;
    if (flags & 0x80) {
        volume->fat.copies_offset = volume->fat.offset;
        volume->fat.copy_count = 1;
    }
    const uint32_t info_sector = get16(sector + 48);
    if (info_sector > 0 && info_sector < bpb->reserved_sectors) {
        volume->info_offset = volume->begin + (uint64_t)info_sector * bpb->sector_bytes;
    }
    return NULL;
}

/* Lay the parts one behind the other: reserved sectors, tables, root directory, clusters. */
static const char *lay_out(struct volume *volume, const struct bpb *bpb, uint64_t begin)
{
    const uint64_t table_bytes = (uint64_t)bpb->table_sectors * bpb->sector_bytes;
    volume->begin = begin;
    volume->bytes = bpb->sector_count * bpb->sector_bytes;
    volume->cluster_bytes = bpb->cluster_sectors * bpb->sector_bytes;
    volume->fat.offset = begin + (uint64_t)bpb->reserved_sectors * bpb->sector_bytes;
    volume->fat.copies_offset = volume->fat.offset;
    volume->fat.copy_count = bpb->table_count;
    volume->fat.table_bytes = table_bytes;
    volume->is_protected = bpb->sector_bytes < volume->cache->disk->sector_bytes;
    volume->root_entries = bpb->root_entries;
    volume->root_offset = volume->fat.offset + bpb->table_count * table_bytes;
    volume->data_offset = volume->root_offset + (uint64_t)bpb->root_entries * ENTRY_BYTES;
    if (volume->data_offset - begin >= volume->bytes) {
        return "its tables leave no room for data";
    }
    const uint64_t clusters =
        (volume->bytes - (volume->data_offset - begin)) / volume->cluster_bytes;
    if (clusters == 0 || clusters > FAT32_CLUSTERS_MAX) {
        return "it has no clusters, or more than FAT32 can number";
    }
    if (bpb->has_short_tables && clusters >= FAT32_CLUSTERS_MIN) {
        return "it has too many clusters for FAT16";
    }
    /* Small volumes with FAT32's layout exist, against the specification; they are FAT32. */
    volume->fat.entry_bits = !bpb->has_short_tables          ? 32
                             : clusters >= FAT16_CLUSTERS_MIN ? 16
                                                              : 12;
    const uint64_t entries = table_bytes * 8 / volume->fat.entry_bits;
    if (entries <= FAT_FIRST_CLUSTER) {
        return "its allocation table has no entries";
    }
    const uint64_t in_table = entries - FAT_FIRST_CLUSTER;
    volume->fat.cluster_count = (uint32_t)(clusters < in_table ? clusters : in_table);
    return NULL;
}

const char *volume_open(struct volume *volume, struct cache *cache,
                        const struct partition *partition)
{
    uint8_t sector[BOOT_SECTOR_BYTES];
    memset(volume, 0, sizeof *volume);
    volume->cache = volume->fat.cache = cache;
    if (partition->bytes < sizeof sector ||
        !cache_read(cache, partition->first_byte, sector, sizeof sector)) {
        return "its first sector cannot be read";
    }
    if (get16(sector + 510) != 0xaa55) {
        return "its first sector has no signature";
    }
    const struct bpb bpb = read_bpb(sector);
    const char *wrong = check_bpb(&bpb);
    if (wrong == NULL) {
        wrong = lay_out(volume, &bpb, partition->first_byte);
    }
    if (wrong == NULL && volume->bytes > partition->bytes) {
        wrong = "it is larger than its partition or disk";
    }
    if (wrong == NULL && volume->fat.entry_bits == 32) {
        wrong = open_fat32(volume, &bpb, sector);
    }
    if (wrong == NULL) {
        const uint8_t *const extended = sector + (volume->fat.entry_bits == 32 ? 64 : 36);
        if (extended[2] == 0x29 && volume->fat.entry_bits != 32) {
            volume->flag_offset = partition->first_byte + 37;
        }
        commit_open(volume, extended[2] == 0x29 && extended[1] & 1);
        if (extended[2] == 0x29 && memcmp(extended + 7, "NO NAME    ", 11) != 0) {
            name_from_label(volume->label, extended + 7);
        }
    }
    return wrong;
}

uint64_t volume_cluster_offset(const struct volume *volume, uint32_t cluster)
{
    return volume->data_offset + (uint64_t)(cluster - FAT_FIRST_CLUSTER) * volume->cluster_bytes;
}

void volume_follow_commits(struct volume *volume)
{
    if (volume->commit != volume->cache->commits) {
        volume->commit = volume->cache->commits;
        volume->fresh_count = volume->removal_count = 0;
    }
}
