/*
 * Writes to disk0:, which is empty, by every request that changes something, and
 * reads it back. The host looks at the disk afterwards with its own tools. With the
 * argument "idle" nobody asks for a sync: then the driver must do it by itself. With
 * "die" it writes until it dies, in the middle of a request; with "die handle" through
 * a handle on the file.
 */
#include "check.h"
#include "file_client.h"

#include <anos/thread.h>

#define LARGE_BYTES (300 * 1024)

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t disk;

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 256);
}

/* Write bytes `from` to `to` of a file, as byte_at has them. */
static bool fill(const char *path, uint64_t from, uint64_t to)
{
    uint8_t data[2000];
    while (from < to) {
        const size_t count = to - from < sizeof data ? to - from : sizeof data;
        for (size_t i = 0; i < count; i++) {
            data[i] = byte_at(from + i);
        }
        if (file_write(disk, path, from, data, count, page) != (int64_t)count) {
            return false;
        }
        from += count;
    }
    return true;
}

static bool holds(const char *path, uint64_t bytes)
{
    uint64_t at = 0;
    for (int64_t count; (count = file_read(disk, path, at, page)) > 0; at += (uint64_t)count) {
        for (int64_t i = 0; i < count; i++) {
            if ((uint8_t)page[i] != byte_at(at + (uint64_t)i)) {
                return false;
            }
        }
    }
    return at == bytes;
}

static void check_changes(void)
{
    CHECK("a directory", file_make_directory(disk, "disk0:/Papers", page) == 0);
    CHECK("a file", file_create(disk, "disk0:/Papers/größe.bin", page) == 0);
    CHECK("twice", file_create(disk, "disk0:/papers/GRÖSSE.bin", page) == 0 &&
                       file_create(disk, "disk0:/papers/GRÖßE.bin", page) == FILE_EXISTS);
    CHECK("a bad name", file_create(disk, "disk0:/a*b", page) == FILE_BAD_NAME);
    CHECK("no such directory", file_create(disk, "disk0:/none/b", page) == FILE_NOT_FOUND);
    CHECK("many bytes", fill("disk0:/Papers/größe.bin", 0, LARGE_BYTES));
    CHECK("they are there", holds("disk0:/Papers/größe.bin", LARGE_BYTES));
    CHECK("shorter", file_truncate(disk, "disk0:/Papers/größe.bin", 5000, page) == 0 &&
                         holds("disk0:/Papers/größe.bin", 5000));
    CHECK("longer again", fill("disk0:/Papers/größe.bin", 5000, LARGE_BYTES));
    CHECK("a move", file_rename(disk, "disk0:/Papers/größe.bin", "disk0:/moved", page) == 0);
    CHECK("its content moves", holds("disk0:/moved", LARGE_BYTES));
    CHECK("not empty", file_remove_directory(disk, "disk0:/Papers", page) == FILE_NOT_EMPTY);
    CHECK("a file goes", file_remove(disk, "disk0:/Papers/GRÖSSE.bin", page) == 0);
    CHECK("a directory goes", file_remove_directory(disk, "disk0:/Papers", page) == 0);
    CHECK("nothing is left", file_stat(disk, "disk0:/Papers", page) == FILE_NOT_FOUND);
    CHECK("a small file", file_create(disk, "disk0:/small.txt", page) == 0 &&
                              file_write(disk, "disk0:/small.txt", 0, "small\n", 6, page) == 6);
    const struct file_entry *const entry = (const struct file_entry *)page;
    const int64_t now = (int64_t)(anos_clock(ANOS_CLOCK_REALTIME).value / 1000000000);
    CHECK("its time is the clock's", file_stat(disk, "disk0:/small.txt", page) == 0 &&
                                         entry->modified <= now && entry->modified >= now - 60);
    CHECK("another time", file_set_time(disk, "disk0:/small.txt", 1600000000, page) == 0 &&
                              file_stat(disk, "disk0:/small.txt", page) == 0 &&
                              entry->modified == 1600000000);
}

static void *die(void *unused)
{
    (void)unused;
    anos_task_sleep_current(15 * MS);
    anos_kill_process(0);
    return NULL;
}

/* With a handle it has that and no other way to the file. */
static void write_until_death(bool has_handle)
{
    static uint8_t data[3000];
    const char *path = "disk0:/victim";
    disk = file_system("disk0:/", page);
    file_create(disk, path, page);
    if (has_handle && file_open(disk, path, FILE_MAY_WRITE, &disk, page) == 0) {
        path = "";
    }
    anos_thread_start(ANOS_CLASS_NORMAL, 0x10000, die, NULL);
    printf("writes until it dies\n");
    for (uint64_t at = 0;; at += 1000) {
        file_write(disk, path, at % (1 << 20), data, sizeof data, page);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "die") == 0) {
        write_until_death(argc > 2);
    }
    const bool is_idle = argc > 1 && strcmp(argv[1], "idle") == 0;
    disk = file_system("disk0:/", page);
    CHECK("disk0: is mounted", disk != 0);
    check_changes();
    if (is_idle) {
        anos_task_sleep_current(3000 * MS);
    } else {
        CHECK("a sync", file_sync(disk, "disk0:", page) == 0);
    }
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
