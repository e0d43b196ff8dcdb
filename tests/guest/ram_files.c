/*
 * Uses ram: as it comes: files, directories, handles; fills it, and finds that what it
 * gives up is free again. Its argument is the least that must fit, in KiB.
 */
#include "check.h"
#include "file_client.h"

#include <stdlib.h>

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t ram;

/* Write until there is no more space; how many bytes. */
static uint64_t fill(const char *path)
{
    static char data[4000];
    uint64_t at = 0;
    int64_t count;
    memset(data, 'x', sizeof data);
    file_create(ram, path, page);
    while ((count = file_write(ram, path, at, data, sizeof data, page)) > 0) {
        at += (uint64_t)count;
    }
    return count == FILE_NO_SPACE ? at : 0;
}

static void check_files(void)
{
    const struct file_entry *const entry = (const struct file_entry *)page;
    CHECK("a directory", file_make_directory(ram, "ram:/Papers", page) == 0);
    CHECK("a file", file_create(ram, "ram:/Papers/größe", page) == 0 &&
                        file_write(ram, "ram:/Papers/größe", 5000, "end", 3, page) == 3);
    CHECK("zeros before it", file_read(ram, "ram:/Papers/größe", 2000, page) == 3003 &&
                                 page[0] == 0 && memcmp(page + 3000, "end", 3) == 0);
    CHECK("case matters", file_stat(ram, "ram:/papers", page) == FILE_NOT_FOUND);
    CHECK("a move", file_rename(ram, "ram:/Papers/größe", "ram:/moved", page) == 0 &&
                        file_stat(ram, "ram:/moved", page) == 0 && entry->bytes == 5003);
    const int64_t now = (int64_t)(anos_clock(ANOS_CLOCK_REALTIME).value / 1000000000);
    CHECK("its time", entry->modified <= now && entry->modified > now - 60);
    CHECK("a hole of a gigabyte", file_truncate(ram, "ram:/moved", 1 << 30, page) == 0 &&
                                      file_write(ram, "ram:/moved", 1 << 30, "e", 1, page) == 1 &&
                                      file_read(ram, "ram:/moved", 1 << 29, page) == PAGE);
    CHECK("nothing to be synced", file_sync(ram, "ram:", page) == 0);
    CHECK("away", file_remove(ram, "ram:/moved", page) == 0 &&
                      file_remove_directory(ram, "ram:/Papers", page) == 0 &&
                      file_list(ram, "ram:", 0, page) == 0 &&
                      ((const struct file_listing *)page)->count == 0);
}

static void check_handle(void)
{
    uint64_t handle;
    file_make_directory(ram, "ram:/d", page);
    CHECK("a handle", file_open(ram, "ram:/d", 0, &handle, page) == 0 &&
                          file_create(handle, "f", page) == 0 &&
                          file_write(handle, "f", 0, "data", 4, page) == 4 &&
                          file_read(ram, "ram:/d/f", 0, page) == 4 &&
                          file_stat(handle, "../d", page) == FILE_NOT_FOUND);
}

int main(int argc, char **argv)
{
    const uint64_t least = argc > 1 ? strtoull(argv[1], NULL, 10) * 1024 : 0;
    ram = file_system("ram:/", page);
    check_files();
    if (!is_bearer()) {
        check_handle();
    }
    const uint64_t free_before = free_memory();
    const uint64_t first = fill("ram:/large");
    printf("room for %llu KiB\n", (unsigned long long)first / 1024);
    CHECK("full", first >= least);
    CHECK("what is there is there", file_read(ram, "ram:/large", first - 100, page) == 100 &&
                                        page[0] == 'x' && page[99] == 'x');
    CHECK("away", file_remove(ram, "ram:/large", page) == 0);
    CHECK("the machine has it again", free_memory() + MIB > free_before);
    CHECK("as much again", fill("ram:/again") == first);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
