/*
 * ls: one name a line, in the order of the directory. FILE_LIST tells sizes and times as
 * well, so a long listing asks no more than a short one.
 */
#include "listing.h"

#include "file_client.h"

#include <anos/abi.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DATE_BYTES 32

static void show(FILE *out, const char *name, bool is_directory, uint64_t bytes, time_t modified)
{
    char date[DATE_BYTES] = "";
    struct tm calendar;
    if (modified != 0 && gmtime_r(&modified, &calendar) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &calendar);
    }
    if (is_directory) {
        fprintf(out, "%12s  %-16s  %s/\n", "-", date, name);
    } else {
        fprintf(out, "%12" PRIu64 "  %-16s  %s\n", bytes, date, name);
    }
}

/* Show the entries of one answer to FILE_LIST. */
static void show_entries(struct call *call, const struct file_listing *listing, bool long_form)
{
    const struct file_entry *entry = (const struct file_entry *)listing->entries;
    for (uint32_t i = 0; i < listing->count; i++, entry = file_entry_behind(entry)) {
        const bool is_directory = entry->attributes & FILE_DIRECTORY;
        if (long_form) {
            show(call->out, entry->name, is_directory, entry->bytes, entry->modified);
        } else {
            fprintf(call->out, "%s%s\n", entry->name, is_directory ? "/" : "");
        }
    }
}

static int list(struct call *call, const char *path, bool long_form)
{
    char *const whole = realpath(path, NULL);
    struct file_listing *const listing = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    const uint64_t filesystem =
        whole != NULL && listing != NULL ? file_system(whole, listing) : 0;
    int64_t error = filesystem == 0 ? FILE_NO_ANSWER : 0;
    uint64_t position = 0;
    while (error == 0 && !command_ends(call)) {
        error = file_list(filesystem, whole, position, listing);
        if (error == 0) {
            show_entries(call, listing, long_form);
            position = listing->next;
            if (position == 0) {
                break;
            }
        }
    }
    free(whole);
    free(listing);
    return error == 0 ? STATUS_OK : command_fail(call, path, EIO); /* it was there just now */
}

static int show_path(struct call *call, const char *path, bool long_form, bool titled)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return command_fail(call, path, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        if (titled) {
            fprintf(call->out, "%s:\n", path);
        }
        return list(call, path, long_form);
    }
    if (long_form) {
        show(call->out, path, false, (uint64_t)status.st_size, status.st_mtime);
    } else {
        fprintf(call->out, "%s\n", path);
    }
    return STATUS_OK;
}

int listing_run(struct call *call)
{
    const bool long_form = call->count > 1 && strcmp(call->arguments[1], "-l") == 0;
    const int first = long_form ? 2 : 1;
    if (first == call->count) {
        return show_path(call, ".", long_form, false);
    }
    int status = STATUS_OK;
    for (int i = first; i < call->count && !command_ends(call); i++) {
        const int shown = show_path(call, call->arguments[i], long_form, call->count > first + 1);
        status = shown == STATUS_OK ? status : shown;
    }
    return status;
}
