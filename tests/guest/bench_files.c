/*
 * What names, files and disks cost through our servers. SYSTEM starts it when
 * disk0: is there (toolchain/bench/guest.py makes the image and the disk); the
 * RAMFS and the disk have the files below. It switches off at the end.
 */
#include "bench.h"
#include "block.h"
#include "check.h"
#include "device.h"
#include "file_client.h"
#include "vfs.h"

#include <sys/stat.h>
#include <unistd.h>

#define RAMFS_FILE "boot:/load.bin"
#define DISK_FILE "disk0:/READ.BIN"
#define NEW_FILE "disk0:/WRITE.BIN"
#define LIBRARY_FILE "disk0:/FWRITE.BIN"
enum { LOOK_UPS = 5000, RAMFS_PASSES = 6, LIBRARY_BYTES = 0x10000 };
#define SECTORS UINT64_C(16384)
#define WRITTEN_BYTES UINT64_C(0x4000000)
#define LIBRARY_WRITTEN_BYTES UINT64_C(0x800000)

static char page[PAGE] __attribute__((aligned(PAGE)));

static bool failed(const char *what)
{
    printf("bench failed: %s\n", what);
    return false;
}

static bool measure_look_ups(void)
{
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    begin("vfs", LOOK_UPS);
    for (int i = 0; i < LOOK_UPS; i++) {
        strcpy(page, DISK_FILE);
        if (anos_send_message(vfs, VFS_FIND, sizeof DISK_FILE, page).type != ANOS_OK) {
            return failed("VFS_FIND");
        }
    }
    end("vfs");
    return true;
}

/* As SYSTEM's loader does it: a page by each FILE_LOAD. */
static bool measure_ramfs(void)
{
    struct file_load *const request = (struct file_load *)page;
    const uint64_t ramfs = file_system(RAMFS_FILE, page);
    strcpy(page, RAMFS_FILE);
    const uint64_t bytes = anos_send_message(ramfs, FILE_SIZE, sizeof RAMFS_FILE, page).value;
    if (bytes == 0) {
        return failed("FILE_SIZE");
    }
    begin("ramfs-load", RAMFS_PASSES * bytes);
    for (int pass = 0; pass < RAMFS_PASSES; pass++) {
        for (uint64_t at = 0; at < bytes; at += PAGE) {
            request->offset = at;
            strcpy(request->path, RAMFS_FILE);
            if (anos_send_message(ramfs, FILE_LOAD, 8 + sizeof RAMFS_FILE, page).value != PAGE) {
                return failed("FILE_LOAD");
            }
        }
    }
    end("ramfs-load");
    return true;
}

static uint64_t first_disk(void)
{
    const struct device_query query = {
        .message = DEVICE_QUERY,
        .kind = QUERY_BY_TYPE,
        .type = DEVICE_STORAGE,
    };
    const struct device_answer *const answer = (const struct device_answer *)page;
    memcpy(page, &query, sizeof query);
    const uint64_t devman = anos_find_named_channel(DEVMAN_NAME).value;
    anos_send_message(devman, 0, sizeof query, page);
    return answer->count > 0 ? answer->devices[0].channel : 0;
}

static bool measure_disk(void)
{
    const uint64_t disk = first_disk();
    struct block_request *const request = (struct block_request *)page;
    begin("ahci-read", SECTORS * BLOCK_SECTOR_BYTES);
    for (uint64_t sector = 0; sector < SECTORS; sector += BLOCK_READ_MAX) {
        *request = (struct block_request){ BLOCK_READ, 0, sector, BLOCK_READ_MAX, 0, { 0 } };
        if (anos_send_message(disk, 0, BLOCK_REQUEST_BYTES_MIN, page).value != PAGE) {
            return failed("BLOCK_READ");
        }
    }
    end("ahci-read");
    return true;
}

static bool measure_file(void)
{
    const uint64_t disk = file_system(DISK_FILE, page);
    if (file_stat(disk, DISK_FILE, page) != 0) {
        return failed("FILE_STAT");
    }
    const uint64_t bytes = ((const struct file_entry *)page)->bytes;
    begin("file-read", bytes);
    for (uint64_t at = 0; at < bytes; at += PAGE) {
        if (file_read(disk, DISK_FILE, at, page) != (int64_t)PAGE) {
            return failed("FILE_READ");
        }
    }
    end("file-read");
    return true;
}

/* A new file, to its last byte on the medium. */
static bool measure_write(void)
{
    static char data[PAGE];
    const uint64_t disk = file_system(DISK_FILE, page);
    memset(data, 0x5a, sizeof data);
    if (file_create(disk, NEW_FILE, page) != 0) {
        return failed("FILE_CREATE");
    }
    begin("file-write", WRITTEN_BYTES);
    for (uint64_t at = 0; at < WRITTEN_BYTES;) {
        const int64_t written = file_write(disk, NEW_FILE, at, data, sizeof data, page);
        if (written <= 0) {
            return failed("FILE_WRITE");
        }
        at += (uint64_t)written;
    }
    if (file_sync(disk, NEW_FILE, page) != 0) {
        return failed("FILE_SYNC");
    }
    end("file-write");
    return true;
}

/* Both again by the C library, as programs do it. */
static bool measure_library(void)
{
    static char data[LIBRARY_BYTES];
    FILE *const from = fopen(DISK_FILE, "r");
    FILE *const to = fopen(LIBRARY_FILE, "w");
    struct stat status;
    if (from == NULL || to == NULL || fstat(fileno(from), &status) != 0) {
        return failed("fopen");
    }
    begin("fread", (uint64_t)status.st_size);
    while (fread(data, 1, sizeof data, from) == sizeof data) {
    }
    end("fread");
    if (!feof(from) || fclose(from) != 0) {
        return failed("fread");
    }
    begin("fwrite", LIBRARY_WRITTEN_BYTES);
    for (uint64_t at = 0; at < LIBRARY_WRITTEN_BYTES; at += sizeof data) {
        fwrite(data, 1, sizeof data, to);
    }
    if (fflush(to) != 0 || fsync(fileno(to)) != 0) {
        return failed("fwrite");
    }
    end("fwrite");
    return fclose(to) == 0;
}

int main(void)
{
    if (measure_look_ups() && measure_ramfs() && measure_disk() && measure_file() &&
        measure_write() && measure_library()) {
        printf("bench done\n");
    }
    anos_power(ANOS_POWER_OFF, 0);
    return 1;
}
