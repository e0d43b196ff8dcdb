/*
 * fat32drv: looks at a volume's boot sector and takes its place in the VFS;
 * files cannot be read (anos-abi 9.5).
 */
#include "anos.h"
#include "device.h"
#include "libc.h"

enum { FILE_SIZE = 104, FILE_LOAD = 105, VFS_REGISTER = 2 };
enum { NAME_TRIES = 10, STORAGE_TRIES = 20, SECTOR_BYTES = 512, NO_FILE = 0xffffffff };

static uint8_t *const window = (uint8_t *)0x200000000;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static uint8_t boot_sector[SECTOR_BYTES];

static uint64_t find_devman(void)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        const struct result found = anos_find_named_channel("DEVMAN");
        if (found.type == OK && found.value != 0) {
            return found.value;
        }
        sleep_seconds(1);
    }
    return 0;
}

/* The first disk there is, whatever number the prefix has. */
static uint64_t find_disk(uint64_t devman)
{
    for (int i = 0; i < STORAGE_TRIES; i++) {
        struct query *query = (struct query *)page;
        const struct query_response *response = (const struct query_response *)page;
        *query = (struct query){DEVICE_QUERY, QUERY_BY_TYPE, DEVICE_STORAGE, 0, 0};
        const struct result found = anos_send_message(devman, 0, sizeof *query, page);
        if (found.type == OK && found.value > sizeof *response && response->count > 0) {
            return response->devices[0].driver_channel;
        }
        sleep_seconds(1);
    }
    return 0;
}

static bool read_boot_sector(uint64_t disk)
{
    struct storage_message *request = (struct storage_message *)page;
    *request = (struct storage_message){.type = STORAGE_READ, .sector = 0, .count = 1};
    const struct result read = anos_send_message(disk, 0, sizeof *request, page);
    if (read.type != OK || read.value == 0) {
        printf("fat32: storage request failed: %ld %lu\n", read.type, read.value);
        return false;
    }
    memcpy(boot_sector, page, read.value < SECTOR_BYTES ? read.value : SECTOR_BYTES);
    uint16_t short_table;
    memcpy(&short_table, boot_sector + 0x16, sizeof short_table);
    const char *kind = (const char *)boot_sector + (short_table != 0 ? 0x36 : 0x52);
    return strncmp(kind, "FAT12", 5) == 0 || strncmp(kind, "FAT16", 5) == 0 ||
           strncmp(kind, "FAT32", 5) == 0;
}

static bool mount(const char *prefix, uint64_t channel)
{
    const struct result vfs = anos_find_named_channel("SYSTEM::VFS");
    if (vfs.type != OK || vfs.value == 0) {
        printf("fat32: there is no VFS\n");
        return false;
    }
    memset(page, 0, 40);
    memcpy(page, prefix, strnlen(prefix, 31));
    memcpy(page + 32, &channel, sizeof channel);
    return anos_send_message(vfs.value, VFS_REGISTER, 40, page).type == OK;
}

static uint64_t handle(uint64_t tag)
{
    if (tag == FILE_SIZE) {
        const uint32_t answer[] = {0, 0, NO_FILE, 0};
        memcpy(window, answer, sizeof answer);
        return sizeof answer;
    }
    if (tag == FILE_LOAD) {
        const uint32_t answer[] = {0, NO_FILE};
        memcpy(window, answer, sizeof answer);
        return sizeof answer;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        printf("fat32: two arguments, please\n");
        return 1;
    }
    printf("\nfat32drv #f0re1gn [libanos #f0re1gn]\nfat32: prefix '%s'\n", argv[1]);
    const uint64_t channel = anos_create_channel().value;
    const uint64_t devman = find_devman();
    const uint64_t disk = devman != 0 ? find_disk(devman) : 0;
    if (disk == 0) {
        printf("fat32: there is no disk\n");
        return 1;
    }
    if (!read_boot_sector(disk)) {
        printf("fat32: initialisation failed\n");
        return 1;
    }
    if (!mount(argv[1], channel)) {
        return 1;
    }
    printf("fat32: mounted '%s'\nfat32: ready\n", argv[1]);
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(channel, &tag, &size, window);
        if (message.type == OK) {
            anos_reply_message(message.value, handle(tag));
        }
    }
}
