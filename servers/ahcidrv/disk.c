/* What IDENTIFY says of a disk (ATA8-ACS, 7.16). */
#include "disk.h"

#include <inttypes.h>
#include <stdio.h>

#define IDENTIFY_DEVICE 0xec
#define SECTORS_PER_MIB (0x100000 / SECTOR_BYTES)

/* Words of IDENTIFY's answer. */
#define WORD_SERIAL 10
#define WORD_MODEL 27
#define WORD_QUEUE_DEPTH 75
#define WORD_SATA 76
#define WORD_COMMAND_SETS 83
#define WORD_SECTORS 100
#define WORD_SECTOR_SIZE 106

#define QUEUE_DEPTH_MASK 0x1fu
#define HAS_QUEUE (1u << 8) /* in WORD_SATA */
#define HAS_48BIT_SECTORS (1u << 10) /* in WORD_COMMAND_SETS */
#define SECTOR_SIZE_VALID_MASK 0xc000u
#define SECTOR_SIZE_VALID 0x4000u
#define HAS_LONG_SECTORS (1u << 12) /* in WORD_SECTOR_SIZE: not 512 bytes */

static uint16_t word(const struct disk *disk, unsigned index)
{
    const uint8_t *const bytes = disk->port.memory->answer + 2 * index;
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* A text of IDENTIFY: the first character is in a word's upper byte, blanks fill it up. */
static void copy_text(char *text, size_t text_bytes, const struct disk *disk, unsigned index)
{
    size_t end = 0;
    for (size_t i = 0; i + 1 < text_bytes; i++) {
        const char character = (char)disk->port.memory->answer[2 * index + (i ^ 1)];
        text[i] = character;
        if (character != ' ' && character != '\0') {
            end = i + 1;
        }
    }
    text[end] = '\0';
}

bool disk_identify(struct disk *disk)
{
    const unsigned index = disk->port.index;
    const struct command identify = { .code = IDENTIFY_DEVICE, .byte_count = SECTOR_BYTES };
    if (!port_run(&disk->port, &identify)) {
        printf("ahcidrv: the disk at port %u does not say what it is\n", index);
        return false;
    }
    const uint16_t sector_size = word(disk, WORD_SECTOR_SIZE);
    const bool has_long_sectors =
        (sector_size & (SECTOR_SIZE_VALID_MASK | HAS_LONG_SECTORS)) ==
        (SECTOR_SIZE_VALID | HAS_LONG_SECTORS);
    if (!(word(disk, WORD_COMMAND_SETS) & HAS_48BIT_SECTORS) || has_long_sectors) {
        printf("ahcidrv: the disk at port %u is left alone: it has no 48-bit addresses or no "
               "sectors of %u bytes\n",
               index, SECTOR_BYTES);
        return false;
    }
    disk->sector_count = 0;
    for (unsigned i = 0; i < 4; i++) {
        disk->sector_count |= (uint64_t)word(disk, WORD_SECTORS + i) << 16 * i;
    }
    const bool has_queue = disk->port.controller->registers->abilities & HBA_QUEUES &&
                           word(disk, WORD_SATA) & HAS_QUEUE;
    disk->queue_depth =
        has_queue ? (unsigned)(word(disk, WORD_QUEUE_DEPTH) & QUEUE_DEPTH_MASK) + 1 : 0;
    copy_text(disk->model, sizeof disk->model, disk, WORD_MODEL);
    copy_text(disk->serial, sizeof disk->serial, disk, WORD_SERIAL);
    printf("ahcidrv: %" PRIu64 " MiB disk '%s' at port %u\n",
           disk->sector_count / SECTORS_PER_MIB, disk->model, index);
    return true;
}

bool disk_has(const struct disk *disk, uint64_t sector, uint32_t count)
{
    return count >= 1 && sector < disk->sector_count && count <= disk->sector_count - sector;
}
