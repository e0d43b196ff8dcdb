/*
 * A filesystem that answers what no filesystem should, and the C library as its client: what
 * makes no sense is an I/O error, and nothing outside the caller's buffers changes.
 */
#include "check.h"
#include "file.h"
#include "vfs.h"

#include <anos/thread.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILS(name, condition, error) (errno = 0, CHECK(name, (condition) && errno == (error)))
#define MADE_UP INT64_MIN /* an error that there is not */

static _Alignas(PAGE) uint8_t page[PAGE], window[PAGE];
static volatile int64_t stat_answer, read_answer, write_answer, list_answer, change_answer;
static struct file_entry facts;
static void (*volatile fill_list)(struct file_listing *listing);

static int64_t answer(uint64_t tag)
{
    switch (tag) {
    case FILE_STAT:
        *(struct file_entry *)window = facts;
        return stat_answer;
    case FILE_READ:
        memset(window, 'r', sizeof window);
        return read_answer;
    case FILE_WRITE:
        return write_answer;
    case FILE_LIST:
        memset(window, 0xff, sizeof window);
        fill_list((struct file_listing *)window);
        return list_answer;
    default:
        return change_answer;
    }
}

static void *serve(void *channel)
{
    for (;;) {
        uint64_t tag, bytes;
        const result got = anos_recv_message((uint64_t)channel, &tag, &bytes, window);
        anos_reply_message(got.value, (uint64_t)answer(tag));
    }
}

static void be_sane(uint32_t attributes)
{
    facts = (struct file_entry){ .entry_bytes = 32, .attributes = attributes };
    stat_answer = 32;
    read_answer = write_answer = change_answer = 1;
}

static void check_facts(void)
{
    struct stat status;
    be_sane(0);
    CHECK("sane facts", stat("liar:/a", &status) == 0 && S_ISREG(status.st_mode));
    for (int64_t few = 1; few < 24; few++) {
        stat_answer = few;
        FAILS("too few facts", stat("liar:/a", &status) == -1, EIO);
    }
    stat_answer = 0;
    FAILS("no answer", stat("liar:/a", &status) == -1, EIO);
    stat_answer = MADE_UP;
    FAILS("an unknown error", stat("liar:/a", &status) == -1, EIO);
    be_sane(0);
    facts.bytes = UINT64_MAX - 3;
    FAILS("a size that is none", stat("liar:/a", &status) == -1, EIO);
}

static void check_moves(void)
{
    static struct {
        char before[PAGE], bytes[100], behind[2 * PAGE];
    } memory;
    be_sane(0);
    const int file = open("liar:/a", O_RDWR);
    const int64_t wrong[] = { 0, 2 + PAGE, INT64_MAX, MADE_UP };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read_answer = wrong[i];
        FAILS("a wrong read", read(file, memory.bytes, 100) == -1, EIO);
        write_answer = wrong[i];
        FAILS("a wrong write", write(file, memory.bytes, 100) == -1, EIO);
    }
    read_answer = 1 + PAGE;
    CHECK("more than asked", read(file, memory.bytes, 100) == 100);
    bool is_clean = true;
    for (size_t i = 0; i < sizeof memory; i++) {
        const bool is_inside = i >= sizeof memory.before && i < sizeof memory.before + 100;
        is_clean = is_clean && ((char *)&memory)[i] == (is_inside ? 'r' : 0);
    }
    CHECK("nothing else changed", is_clean);
    write_answer = 1;
    FAILS("nothing is written", write(file, memory.bytes, 100) == -1, EIO);
    write_answer = 102;
    FAILS("more than there is", write(file, memory.bytes, 100) == -1, EIO);
    write_answer = 11;
    CHECK("a part of it", write(file, memory.bytes, 100) == 10 &&
                              lseek(file, 0, SEEK_CUR) == 110);
    close(file);
}

static void fill_sane(struct file_listing *listing)
{
    const struct file_entry entry = { .entry_bytes = 32, .name_bytes = 3 };
    *listing = (struct file_listing){ .count = 1 };
    memcpy(listing->entries, &entry, sizeof entry);
    memcpy(listing->entries + sizeof entry, "abc", 4);
}

static void fill_no_entries(struct file_listing *listing)
{
    fill_sane(listing);
    listing->count = 1000;
}

static void fill_long_name(struct file_listing *listing)
{
    fill_sane(listing);
    ((struct file_entry *)listing->entries)->name_bytes = 900;
}

static void fill_long_entry(struct file_listing *listing)
{
    fill_sane(listing);
    ((struct file_entry *)listing->entries)->entry_bytes = 0xfff8;
}

static void fill_short_entry(struct file_listing *listing)
{
    fill_sane(listing);
    ((struct file_entry *)listing->entries)->entry_bytes = 0;
}

/* Read to the end: how many names, and whether errno says that it was none. */
static int count(int *error)
{
    DIR *const directory = opendir("liar:/d");
    int names = 0;
    errno = 0;
    while (readdir(directory) != NULL) {
        names++;
    }
    *error = errno;
    closedir(directory);
    return names;
}

static void check_lists(void)
{
    static void (*const wrong[])(struct file_listing *) = {
        fill_no_entries, fill_long_name, fill_long_entry, fill_short_entry,
    };
    int error;
    be_sane(FILE_DIRECTORY);
    fill_list = fill_sane;
    list_answer = 48;
    CHECK("a sane list", count(&error) == 1 && error == 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fill_list = wrong[i];
        count(&error);
        CHECK("a wrong list", error == EIO);
    }
    fill_list = fill_sane;
    const int64_t lengths[] = { 1, 15, 47, PAGE + 1, INT64_MAX, MADE_UP, 0 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        list_answer = lengths[i];
        count(&error);
        CHECK("a wrong length", error == EIO);
    }
}

int main(void)
{
    struct vfs_mount mount = { .prefix = "liar:", .channel = anos_create_channel().value };
    anos_thread_start(ANOS_CLASS_NORMAL, 0x8000, serve, (void *)mount.channel);
    memcpy(page, &mount, sizeof mount);
    anos_send_message(anos_find_named_channel(VFS_NAME).value, VFS_REGISTER, sizeof mount, page);
    check_facts();
    check_moves();
    check_lists();
    be_sane(0);
    change_answer = MADE_UP;
    FAILS("a change with an unknown error", mkdir("liar:/x", 0777) == -1, EIO);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
