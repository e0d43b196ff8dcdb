/* Names: what is in directories, and what changes it. */
#include "builtins.h"
#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_TRIES 16
#define COPY_BYTES 0x10000
#define PATH_BYTES 4096

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Where something goes: into `to` under its own name if that is a directory. */
static const char *target(char room[PATH_BYTES], const char *from, const char *to)
{
    if (!is_directory(to)) {
        return to;
    }
    const char *const slash = strrchr(from, '/');
    const char *const colon = strrchr(from, ':');
    const char *const name = slash != NULL ? slash + 1 : colon != NULL ? colon + 1 : from;
    const bool has_slash = to[0] != '\0' && to[strlen(to) - 1] == '/';
    snprintf(room, PATH_BYTES, "%s%s%s", to, has_slash ? "" : "/", name);
    return room;
}

static int copy_bytes(const struct call *call, int from, int to)
{
    char *const buffer = malloc(COPY_BYTES);
    ssize_t count = 0;
    int error = buffer == NULL ? ENOMEM : 0;
    while (error == 0 && !*call->stop && (count = read(from, buffer, COPY_BYTES)) > 0) {
        for (ssize_t done = 0, step; error == 0 && done < count; done += step) {
            step = write(to, buffer + done, (size_t)(count - done));
            error = step < 0 ? errno : step == 0 ? EIO : 0;
        }
    }
    error = count < 0 && error == 0 ? errno : error;
    free(buffer);
    return error;
}

static bool is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Copy once, and see that it is on the medium; 0 or an errno. */
static int try_copy(const struct call *call, int source, const char *to)
{
    const int copy = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int error = copy < 0 || lseek(source, 0, SEEK_SET) < 0 ? errno : 0;
    if (error == 0) {
        error = copy_bytes(call, source, copy);
    }
    if (error == 0 && fsync(copy) != 0 && errno != EINVAL) {
        error = errno;
    }
    if (copy >= 0) {
        close(copy);
    }
    return error;
}

static int copy_file(const struct call *call, const char *from, const char *to)
{
    if (is_directory(from)) {
        return command_fail(call, from, EISDIR);
    }
    if (is_same(from, to)) {
        return command_fail(call, to, EEXIST);
    }
    const int source = open(from, O_RDONLY);
    if (source < 0) {
        return command_fail(call, from, errno);
    }
    int error = ESTALE;
    for (int i = 0; error == ESTALE && i < COPY_TRIES; i++) { /* a filesystem was restarted */
        error = try_copy(call, source, to);
    }
    close(source);
    return error == 0 ? STATUS_OK : command_fail(call, to, error);
}

static int move_file(const struct call *call, const char *from, const char *to)
{
    if (rename(from, to) == 0) {
        return STATUS_OK;
    }
    if (errno != EXDEV) {
        return command_fail(call, from, errno);
    }
    const int status = copy_file(call, from, to);
    if (status == STATUS_OK && !*call->stop && unlink(from) != 0) {
        return command_fail(call, from, errno);
    }
    return status;
}

/* For each argument but the last, which must be a directory if there are several. */
static int to_target(struct call *call, int (*act)(const struct call *, const char *, const char *))
{
    const char *const last = call->arguments[call->count - 1];
    char *const room = malloc(PATH_BYTES);
    int status = STATUS_OK;
    if (room == NULL) {
        return command_fail(call, last, ENOMEM);
    }
    if (call->count > 3 && !is_directory(last)) {
        status = command_fail(call, last, ENOTDIR);
    }
    for (int i = 1; i + 1 < call->count && status == STATUS_OK && !*call->stop; i++) {
        const char *const from = call->arguments[i];
        status = act(call, from, target(room, from, last));
    }
    free(room);
    return status;
}

static int cp(struct call *call)
{
    return to_target(call, copy_file);
}

static int mv(struct call *call)
{
    return to_target(call, move_file);
}

/* For each argument: a function that answers 0, or -1 and errno. */
static int for_each(struct call *call, int (*act)(const char *))
{
    int status = STATUS_OK;
    for (int i = 1; i < call->count && !*call->stop; i++) {
        if (act(call->arguments[i]) != 0) {
            status = command_fail(call, call->arguments[i], errno);
        }
    }
    return status;
}

static int make_directory(const char *path)
{
    return mkdir(path, 0755);
}

static int rm(struct call *call)
{
    return for_each(call, unlink);
}

static int make_directories(struct call *call)
{
    return for_each(call, make_directory);
}

static int remove_directories(struct call *call)
{
    return for_each(call, rmdir);
}

static int cd(struct call *call)
{
    const char *const path = call->count > 1 ? call->arguments[1] : "disk0:/";
    return chdir(path) == 0 ? STATUS_OK : command_fail(call, path, errno);
}

static int pwd(struct call *call)
{
    char *const directory = getcwd(NULL, 0);
    if (directory == NULL) {
        return command_fail(call, "the working directory", errno);
    }
    fprintf(call->out, "%s\n", directory);
    free(directory);
    return STATUS_OK;
}

const struct builtin name_builtins[] = {
    { "ls", "[-l] [PATH]...", "list directories",
      "-l: with sizes and times. A path is MOUNT:/NAME/NAME, or starts at the working\n"
      "directory, or with / at the root of its mount; `mounts` lists the mounts.\n"
      "  ls -l disk0:/docs",
      0, ANY_COUNT, listing_run },
    { "cd", "[PATH]", "choose the working directory; without PATH, disk0:/", NULL, 0, 1, cd },
    { "pwd", "", "print the working directory", NULL, 0, 0, pwd },
    { "cp", "FILE... TO", "copy files", "TO is a file, or a directory to copy into.", 2, ANY_COUNT,
      cp },
    { "mv", "FILE... TO", "rename or move files",
      "TO is a name, or a directory to move into; to another mount it is copied and removed.", 2,
      ANY_COUNT, mv },
    { "rm", "FILE...", "remove files", NULL, 1, ANY_COUNT, rm },
    { "mkdir", "PATH...", "make directories", NULL, 1, ANY_COUNT, make_directories },
    { "rmdir", "PATH...", "remove empty directories", NULL, 1, ANY_COUNT, remove_directories },
    { .name = NULL },
};
