/* ls: one name a line, sorted by nothing but the order in the directory. */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATH_BYTES 4096
#define DATE_BYTES 32

static void show(FILE *out, const char *name, const struct stat *status)
{
    char date[DATE_BYTES] = "";
    struct tm calendar;
    const bool is_directory = S_ISDIR(status->st_mode);
    if (status->st_mtime != 0 && gmtime_r(&status->st_mtime, &calendar) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &calendar);
    }
    if (is_directory) {
        fprintf(out, "%12s  %-16s  %s/\n", "-", date, name);
    } else {
        fprintf(out, "%12lld  %-16s  %s\n", (long long)status->st_size, date, name);
    }
}

static int list(struct call *call, const char *path, bool long_form)
{
    DIR *const names = opendir(path);
    char *const inner = malloc(PATH_BYTES);
    if (names == NULL || inner == NULL) {
        const int error = names == NULL ? errno : ENOMEM;
        free(inner);
        return command_fail(call, path, error);
    }
    const bool has_slash = path[strlen(path) - 1] == '/';
    const struct dirent *each;
    struct stat status;
    errno = 0;
    while (!command_ends(call) && (each = readdir(names)) != NULL) {
        snprintf(inner, PATH_BYTES, "%s%s%s", path, has_slash ? "" : "/", each->d_name);
        if (!long_form) {
            fprintf(call->out, "%s%s\n", each->d_name, each->d_type == DT_DIR ? "/" : "");
        } else if (stat(inner, &status) == 0) {
            show(call->out, each->d_name, &status);
        } else {
            command_fail(call, inner, errno);
        }
        errno = 0;
    }
    const int error = errno;
    closedir(names);
    free(inner);
    return error == 0 || command_ends(call) ? STATUS_OK : command_fail(call, path, error);
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
        show(call->out, path, &status);
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
