/*
 * fat32drv: the FAT volumes of one disk (FAT12, FAT16, FAT32).
 *
 *   boot:/fat32drv.elf MOUNT [DEVICE]
 *
 * MOUNT is the name of the disk's first volume, "disk0:"; further ones get the
 * number of their partition, "disk0p3:". DEVICE is the disk's number in
 * DEVMAN's registry; without it, the first storage device there (anos-abi 9.5).
 *
 * Protocol: file.h, all of it, on one channel for all volumes; a request's path
 * tells which it means. What was changed is on the disk after a while, even if
 * nobody asks for it: a second thread sends a message that we answer as soon as
 * there is something to be written, then sleeps, and sends the next one.
 */
#include "again.h"
#include "cache.h"
#include "date.h"
#include "device.h"
#include "mounts.h"
#include "operations.h"
#include "supervised.h"
#include "vfs.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLL_NS UINT64_C(20000000)
#define POLLS_MAX 500 /* 10 s */
#define SYNC_NS UINT64_C(1000000000)
#define SYNC_TRIES 3 /* unasked, one after the other; then the next change brings the next */
#define STACK_BYTES 0x10000

static struct disk disk;
static struct cache cache;
static struct mounts mounts;
static struct file_server server = { .operations = &fat_operations, .files = &mounts };
static uint64_t wake_up; /* the tag of the second thread's messages: a cookie, so nobody knows it */
static uint64_t sleeper; /* its message, which is answered when there is something to write */
static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];

/* Wait for a channel to have a name; 0 if it does not get it. */
static uint64_t wait_for(const char *name)
{
    for (int polls = 0; polls < POLLS_MAX; polls++) {
        const struct anos_result found = anos_find_named_channel(name);
        if (found.type == ANOS_OK && found.value != 0) {
            return found.value;
        }
        anos_task_sleep_current(POLL_NS);
    }
    return 0;
}

/* The channel of the driver of a storage device, by its id or, if that is 0, of the first one. */
static uint64_t query_device(uint64_t devman, uint64_t id)
{
    const struct device_query query = {
        .message = DEVICE_QUERY,
        .kind = id != 0 ? QUERY_BY_ID : QUERY_BY_TYPE,
        .type = DEVICE_STORAGE,
        .id = id,
    };
    const struct device_answer *const answer = (const struct device_answer *)page;
    memcpy(page, &query, sizeof query);
    const struct anos_result sent = send_again(devman, 0, sizeof query, page);
    const bool found = sent.type == ANOS_OK && answer->count > 0 &&
                       sent.value >= offsetof(struct device_answer, devices[1]) &&
                       answer->devices[0].type == DEVICE_STORAGE;
    return found ? answer->devices[0].channel : 0;
}

/* Open the disk, when its driver is there. */
static bool find_disk(uint64_t id)
{
    const uint64_t devman = wait_for(DEVMAN_NAME);
    for (int polls = 0; devman != 0 && polls < POLLS_MAX; polls++) {
        const uint64_t channel = query_device(devman, id);
        if (channel != 0) {
            return disk_open(&disk, channel);
        }
        anos_task_sleep_current(POLL_NS);
    }
    return false;
}

static bool register_mount(uint64_t vfs, const char *prefix, uint64_t channel)
{
    struct vfs_mount mount = { .channel = channel };
    strcpy(mount.prefix, prefix);
    memcpy(page, &mount, sizeof mount);
    return anos_send_message(vfs, VFS_REGISTER, sizeof mount, page).type == ANOS_OK;
}

/* Make the volumes known to the VFS; false if not one of them is. */
static bool register_mounts(uint64_t channel)
{
    const uint64_t vfs = wait_for(VFS_NAME);
    bool any = false;
    for (size_t i = 0; i < mounts.count; i++) {
        const struct mount *const mount = &mounts.table[i];
        const struct volume *const volume = &mount->tree.volume;
        if (vfs != 0 && register_mount(vfs, mount->prefix, channel)) {
            any = true;
            printf("fat32drv: %s is FAT%" PRIu32 ", %" PRIu64 " KiB, label '%s'\n", mount->prefix,
                   volume->fat.entry_bits, volume->bytes / 1024, volume->label);
            if (volume->was_dirty) {
                printf("fat32drv: %s was not switched off in good order; its files are as they "
                       "were last synced, but clusters may be lost\n",
                       mount->prefix);
            }
        } else {
            printf("fat32drv: %s cannot be mounted: the VFS refuses it\n", mount->prefix);
        }
    }
    return any;
}

int64_t date_now(void)
{
    const struct anos_result time = anos_clock(ANOS_CLOCK_REALTIME);
    return time.type == ANOS_OK ? (int64_t)time.value : 0;
}

/* The second thread. Its first message comes a while after the first change. */
static void *send_wake_ups(void *unused)
{
    do {
        anos_task_sleep_current(SYNC_NS);
    } while (anos_send_message(server.channel, wake_up, 0, NULL).type == ANOS_OK);
    return unused;
}

/* After a change: have somebody wake us, or if there is nobody, write at once. */
static void plan_sync(void)
{
    static bool has_thread;
    if (!mounts_are_dirty(&mounts)) {
        return;
    }
    if (sleeper != 0) {
        anos_reply_message(sleeper, 1);
        sleeper = 0;
    } else if (!has_thread) {
        wake_up = wake_up != 0 ? wake_up : anos_create_channel().value;
        has_thread = wake_up != 0 && anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES,
                                                       send_wake_ups, NULL) == 0;
        if (!has_thread) {
            mounts_sync(&mounts);
        }
    }
}

static bool is_change(uint64_t tag)
{
    return tag >= FILE_CREATE && tag <= FILE_SET_TIME;
}

/*
 * Receive and answer. A client may say a size and send no page; then what we
 * read in its place is our own.
 */
static void serve(void)
{
    struct file_message message;
    unsigned failures = 0;
    while (file_receive(&server, page, &message)) {
        if (wake_up != 0 && message.tag == wake_up) {
            sleeper = message.cookie;
            failures = mounts_sync(&mounts) ? 0 : failures + 1;
            if (failures % SYNC_TRIES != 0) {
                plan_sync();
            }
            continue;
        }
        file_answer(&server, &message);
        if (is_change(message.tag)) {
            plan_sync();
        }
    }
    printf("fat32drv: ends, for its channel has ended\n");
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3 || strchr(argv[1], ':') != argv[1] + strlen(argv[1]) - 1) {
        printf("fat32drv: usage: fat32drv MOUNT: [DEVICE]\n");
        return 1;
    }
    const char *const prefix = argv[1], *wrong;
    if (!find_disk(argc == 3 ? strtoull(argv[2], NULL, 10) : 0)) {
        printf("fat32drv: %s has no disk that can be read\n", prefix);
        return 1;
    }
    uint8_t *pages = disk_share(&disk, CACHE_SLOTS);
    if (pages == NULL) {
        static _Alignas(ANOS_PAGE_BYTES) uint8_t own[CACHE_SLOTS][CACHE_BLOCK_BYTES];
        pages = own[0];
    }
    cache_open(&cache, &disk, pages);
    if (mounts_open(&mounts, &cache, prefix, &wrong) == 0) {
        printf("fat32drv: %s has no FAT volume: %s\n", prefix, wrong);
        return 1;
    }
    server.channel = supervised_channel(0);
    server.handles.opened = supervised_generation() << FILE_GENERATION_SHIFT;
    if (server.channel == 0 || !register_mounts(server.channel)) {
        return 1;
    }
    serve();
    return 1;
}
