/*
 * Partition tables: the MBR's four entries with their chain of extended ones,
 * and the GPT (UEFI 2.10, 5.2 and 5.3). Both count in the disk's own sectors.
 */
#include "partition.h"

#include "bytes.h"

#include <string.h>

#define MBR_TABLE 446
#define MBR_ENTRIES 4
#define MBR_ENTRY_BYTES 16
#define MBR_SIGNATURE 510
#define LOGICAL_FIRST 5

#define GPT_HEADER_BYTES 92
#define GPT_ENTRY_BYTES 128 /* of each entry, what we read; there may be more */
#define GPT_ENTRY_BYTES_MAX 4096
#define GPT_ENTRIES_MAX 1024

enum mbr_type {
    MBR_EMPTY = 0x00,
    MBR_EXTENDED = 0x05,
    MBR_EXTENDED_LBA = 0x0f,
    MBR_EXTENDED_LINUX = 0x85,
    MBR_GPT = 0xee,
};

struct list {
    struct cache *cache;
    struct partition *found;
    size_t count;
};

static uint32_t sector_bytes(const struct list *list)
{
    return list->cache->disk->sector_bytes;
}

/* Note one partition, if it is one and lies on the disk. */
static void add(struct list *list, uint32_t number, uint64_t first, uint64_t count)
{
    const uint64_t disk_sectors = list->cache->disk->sector_count;
    if (list->count < PARTITIONS_MAX && first > 0 && count > 0 && first < disk_sectors &&
        count <= disk_sectors - first) {
        list->found[list->count++] = (struct partition){
            .number = number,
            .first_byte = first * sector_bytes(list),
            .bytes = count * sector_bytes(list),
        };
    }
}

static bool is_extended(uint8_t type)
{
    return type == MBR_EXTENDED || type == MBR_EXTENDED_LBA || type == MBR_EXTENDED_LINUX;
}

static bool read_table(struct list *list, uint64_t sector, uint8_t table[512])
{
    return cache_read(list->cache, sector * sector_bytes(list), table, 512) &&
           get16(table + MBR_SIGNATURE) == 0xaa55;
}

/*
 * Logical partitions: a chain of tables, each with one partition relative to
 * itself and the next table relative to the first. They go up, so it ends.
 */
static void list_logical(struct list *list, uint64_t first)
{
    uint64_t at = first;
    uint8_t table[512];
    for (uint32_t number = LOGICAL_FIRST; read_table(list, at, table); number++) {
        const uint8_t *const entry = table + MBR_TABLE, *const link = entry + MBR_ENTRY_BYTES;
        if (entry[4] != MBR_EMPTY && !is_extended(entry[4])) {
            add(list, number, at + get32(entry + 8), get32(entry + 12));
        }
        const uint64_t next = first + get32(link + 8);
        if (!is_extended(link[4]) || next <= at || list->count == PARTITIONS_MAX) {
            return;
        }
        at = next;
    }
}

/* CRC-32 as in IEEE 802.3, four bits at a time. Start with 0; go on with the last result. */
static uint32_t crc32(uint32_t crc, const uint8_t *at, size_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static bool entries_are_whole(struct list *list, uint64_t offset, uint64_t bytes, uint32_t expected)
{
    uint32_t crc = 0;
    uint8_t piece[512];
    for (uint64_t done = 0; done < bytes;) {
        const size_t size = bytes - done < sizeof piece ? bytes - done : sizeof piece;
        if (!cache_read(list->cache, offset + done, piece, size)) {
            return false;
        }
        crc = crc32(crc, piece, size);
        done += size;
    }
    return crc == expected;
}

/* List the partitions of the GPT whose header is in that sector; false if it is damaged. */
static bool list_gpt(struct list *list, uint64_t sector)
{
    uint8_t header[GPT_HEADER_BYTES], entry[GPT_ENTRY_BYTES];
    if (!cache_read(list->cache, sector * sector_bytes(list), header, sizeof header) ||
        memcmp(header, "EFI PART", 8) != 0) {
        return false;
    }
    const uint32_t checksum = get32(header + 16);
    const uint64_t entries = get64(header + 72);
    const uint32_t count = get32(header + 80), entry_bytes = get32(header + 84);
    memset(header + 16, 0, 4);
    if (get32(header + 12) != GPT_HEADER_BYTES ||
        crc32(0, header, sizeof header) != checksum || get64(header + 24) != sector ||
        entries >= list->cache->disk->sector_count || count > GPT_ENTRIES_MAX ||
        entry_bytes < GPT_ENTRY_BYTES || entry_bytes > GPT_ENTRY_BYTES_MAX) {
        return false;
    }
    const uint64_t offset = entries * sector_bytes(list);
    if (!entries_are_whole(list, offset, (uint64_t)count * entry_bytes, get32(header + 88))) {
        return false;
    }
    static const uint8_t unused[16];
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t at = offset + (uint64_t)i * entry_bytes;
        if (cache_read(list->cache, at, entry, sizeof entry) &&
            memcmp(entry, unused, sizeof unused) != 0) {
            const uint64_t first = get64(entry + 32), last = get64(entry + 40);
            add(list, i + 1, first, last >= first ? last - first + 1 : 0);
        }
    }
    return true;
}

size_t partition_list(struct cache *cache, struct partition found[PARTITIONS_MAX])
{
    struct list list = { cache, found, 0 };
    uint8_t table[512];
    if (!read_table(&list, 0, table)) {
        return 0;
    }
    for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
        const uint8_t type = table[MBR_TABLE + i * MBR_ENTRY_BYTES + 4];
        const uint64_t backup = cache->disk->sector_count - 1;
        if (type == MBR_GPT && (list_gpt(&list, 1) || list_gpt(&list, backup))) {
            return list.count;
        }
    }
    for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
        const uint8_t *const entry = table + MBR_TABLE + i * MBR_ENTRY_BYTES;
        if (entry[4] != MBR_EMPTY && entry[4] != MBR_GPT && !is_extended(entry[4])) {
            add(&list, i + 1, get32(entry + 8), get32(entry + 12));
        }
    }
    for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
        const uint8_t *const entry = table + MBR_TABLE + i * MBR_ENTRY_BYTES;
        if (is_extended(entry[4])) {
            list_logical(&list, get32(entry + 8));
        }
    }
    return list.count;
}
