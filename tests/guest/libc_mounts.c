/*
 * Mounts that change while a program runs: what is at a path is what is mounted now. A file
 * that is open stays where it was opened.
 */
#include "check.h"
#include "file_client.h"
#include "vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char page[PAGE] __attribute__((aligned(PAGE)));

static bool change(enum vfs_tag tag, uint64_t channel)
{
    const struct vfs_mount mount = { .prefix = "m:", .channel = channel };
    memcpy(page, &mount, sizeof mount);
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    return anos_send_message(vfs, tag, sizeof mount, page).type == ANOS_OK;
}

static void put(const char *path, const char *text)
{
    FILE *const file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static bool holds(const char *path, const char *text)
{
    char line[20] = "";
    FILE *const file = fopen(path, "r");
    if (file != NULL) {
        fgets(line, sizeof line, file);
        fclose(file);
    }
    return strcmp(line, text) == 0;
}

int main(void)
{
    uint64_t one = 0, two = 0;
    mkdir("disk0:/one", 0777);
    mkdir("disk0:/two", 0777);
    put("disk0:/one/file", "one");
    put("disk0:/two/file", "two");
    const uint64_t disk = file_system("disk0:/", page);
    CHECK("handles", file_open(disk, "disk0:/one", 0, &one, page) == 0 &&
                         file_open(disk, "disk0:/two", FILE_MAY_READ, &two, page) == 0);
    CHECK("no mount yet", !holds("m:/file", "one") && errno == ENOENT);
    CHECK("the first", change(VFS_REGISTER, one) && holds("m:/file", "one"));
    const int open_file = open("m:/file", O_RDWR);
    CHECK("and what is in it", access("m:/../m:", F_OK) == -1 && chdir("m:") == 0 &&
                                   holds("file", "one") && holds("/file", "one"));
    CHECK("is gone", change(VFS_UNREGISTER, one) && !holds("m:/file", "one") && errno == ENOENT);
    CHECK("the second", change(VFS_REGISTER, two) && holds("file", "two"));
    CHECK("which is read-only", fopen("file", "r+") == NULL && errno == EACCES);
    CHECK("what is open stays", write(open_file, "ONE", 3) == 3 && holds("disk0:/one/file", "ONE"));
    CHECK("a rename is in one mount", rename("file", "disk0:/two/other") == -1 && errno == EXDEV);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
