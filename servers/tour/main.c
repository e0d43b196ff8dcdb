/*
 * tour: a look at the disks, and then the machine is switched off.
 *
 * Lists every disk's root and one directory in it, and prints a text file from
 * each. The boot config starts it when disk0: is mounted; what it prints is
 * what a run without arguments is about. The run's exit status is 0, or 1 if a
 * disk is missing or could not be read.
 */
#include "list.h"
#include "text.h"

#include <anos/abi.h>
#include <stdio.h>

#define DISKS_MAX 8
#define PATH_BYTES 1024
#define DRAWING_NS UINT64_C(50000000) /* the log viewer may draw before the lights go out */

static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];

static bool report(const char *path, int64_t error)
{
    printf("%s: %s\n", path, file_error_text(error));
    return error == 0;
}

/* Show one disk; false if something on it could not be read. */
static bool show_disk(uint64_t filesystem, const char *mount)
{
    struct findings found = { 0 };
    char path[PATH_BYTES];
    int64_t error = file_stat(filesystem, mount, page);
    if (error != 0) {
        return report(mount, error);
    }
    const struct file_entry *const root = (const struct file_entry *)page;
    printf("\nls %s/%s%s\n", mount, root->name[0] != '\0' ? "    volume " : "", root->name);
    error = list_show(filesystem, mount, page, &found);
    if (error != 0) {
        return report(mount, error);
    }
    if (found.directory[0] != '\0') {
        snprintf(path, sizeof path, "%s/%s", mount, found.directory);
        printf("\nls %s\n", path);
        error = list_show(filesystem, path, page, NULL);
        if (error != 0) {
            return report(path, error);
        }
    }
    if (found.text[0] == '\0') {
        printf("\n%s has no text file to show\n", mount);
        return true;
    }
    snprintf(path, sizeof path, "%s/%s", mount, found.text);
    printf("\ncat %s\n", path);
    error = text_show(filesystem, path, page);
    return error == 0 || report(path, error);
}

int main(void)
{
    bool all_well = true;
    unsigned disk_count = 0;
    for (unsigned disk = 0; disk < DISKS_MAX; disk++) {
        char mount[16];
        snprintf(mount, sizeof mount, "disk%u:", disk);
        const uint64_t filesystem = file_system(mount, page);
        if (filesystem != 0) {
            all_well &= show_disk(filesystem, mount);
            disk_count++;
        }
    }
    if (disk_count == 0) {
        printf("tour: there is no disk to show\n");
    }
    printf("\n");
    anos_task_sleep_current(DRAWING_NS);
    anos_power(ANOS_POWER_OFF, !(all_well && disk_count > 0));
    printf("tour: may not switch the machine off\n");
    return 1;
}
