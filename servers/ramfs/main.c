/*
 * ramfs: files in memory, gone with the machine. They outlive ramfs itself (store.h).
 *
 *   boot:/ramfs.elf MOUNT MIB
 *
 * MOUNT is its name, "ram:"; MIB how much files, their names and directories may
 * take together. It takes memory as they grow and gives it back as they shrink; a
 * part of a file that was never written takes none.
 *
 * Protocol: file.h, all of it. FILE_SYNC has nothing to do. Names are any UTF-8 of up
 * to 255 UTF-16 units without control characters and ':', told apart by case.
 */
#include "chunk.h"
#include "clock.h"
#include "node.h"
#include "operations.h"
#include "supervised.h"
#include "vfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB_MAX 1024
#define NS_PER_SECOND UINT64_C(1000000000)

static struct file_server server = { .operations = &ram_operations };
static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];

int64_t clock_now(void)
{
    const struct anos_result time = anos_clock(ANOS_CLOCK_REALTIME);
    return time.type == ANOS_OK ? (int64_t)(time.value / NS_PER_SECOND) : 0;
}

static bool register_mount(const char *prefix)
{
    struct vfs_mount mount = { .channel = server.channel };
    strncpy(mount.prefix, prefix, sizeof mount.prefix);
    memcpy(page, &mount, sizeof mount);
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    return anos_send_message(vfs, VFS_REGISTER, sizeof mount, page).type == ANOS_OK;
}

int main(int argc, char **argv)
{
    const unsigned long mib = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (mib < 1 || mib > MIB_MAX) {
        printf("ramfs: usage: ramfs MOUNT: MIB, with 1 to %d MiB\n", MIB_MAX);
        return 1;
    }
    static struct store own;
    struct store *const kept = chunk_open();
    if (!node_open(kept != NULL ? kept : &own, (uint64_t)mib << 20)) {
        printf("ramfs: what there is in %s cannot be mapped\n", argv[1]);
        return 1;
    }
    server.channel = supervised_channel(0);
    server.handles.opened = supervised_generation() << FILE_GENERATION_SHIFT;
    if (!register_mount(argv[1])) {
        printf("ramfs: %s cannot be mounted: the VFS refuses it\n", argv[1]);
        return 1;
    }
    printf("ramfs: %s has room for %lu MiB\n", argv[1], mib);
    struct file_message message;
    while (file_receive(&server, page, &message)) {
        file_answer(&server, &message);
    }
    printf("ramfs: ends, for its channel has ended\n");
    return 1;
}
