/*
 * The working directory: PWD of the environment at the start; without it, none.
 *
 * musl's getcwd and realpath want every path to begin with '/', so they are ours.
 */
#include "open_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char working_directory[FILE_PATH_BYTES];
static bool is_changed; /* else it is still what PWD says */
static volatile int directory_lock[1];

HIDDEN long __anos_working_directory(char text[FILE_PATH_BYTES])
{
    __lock(directory_lock);
    const bool is_ours = is_changed;
    if (is_ours) {
        strcpy(text, working_directory);
    }
    __unlock(directory_lock);
    if (is_ours) {
        return 0;
    }
    const char *const start = getenv("PWD");
    if (start == NULL || strcspn(start, ":/") == 0 || start[strcspn(start, ":/")] != ':') {
        return -ENOENT;
    }
    struct path path;
    const long error = __anos_path(AT_FDCWD, start, &path);
    if (error == 0) {
        strcpy(text, path.text);
    }
    return error;
}

static void change(const char *text)
{
    __lock(directory_lock);
    strcpy(working_directory, text);
    is_changed = true;
    __unlock(directory_lock);
}

HIDDEN long __anos_chdir(const char *given)
{
    MESSAGE_PAGE(page);
    struct path path;
    struct place place;
    struct file_entry *entry;
    long error = __anos_find(AT_FDCWD, given, &path, &place, page);
    if (error == 0) {
        error = __anos_ask_entry(&place, &entry, page);
    }
    if (error < 0) {
        return error;
    }
    if (!(entry->attributes & FILE_DIRECTORY)) {
        return -ENOTDIR;
    }
    change(path.text);
    return 0;
}

HIDDEN long __anos_fchdir(int descriptor)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    const struct disk_file *const directory = __anos_disk_file(file);
    const bool is_one = directory != NULL && directory->is_directory;
    if (is_one) {
        change(directory->path);
    }
    __anos_put(file);
    return is_one ? 0 : -ENOTDIR;
}

/* Copy a result to the caller's room, or to memory of its own. */
static char *give(const char *text, char *to, size_t room)
{
    if (to == NULL) {
        return strdup(text);
    }
    if (strlen(text) + 1 > room) {
        errno = ERANGE;
        return NULL;
    }
    return strcpy(to, text);
}

char *getcwd(char *to, size_t room)
{
    char text[FILE_PATH_BYTES];
    const long error = __anos_working_directory(text);
    if (to != NULL && room == 0) {
        errno = EINVAL;
        return NULL;
    }
    if (error < 0) {
        errno = (int)-error;
        return NULL;
    }
    return give(text, to, room);
}

char *realpath(const char *restrict given, char *restrict to)
{
    if (given == NULL) {
        errno = EINVAL;
        return NULL;
    }
    struct path path;
    const long error = __anos_path(AT_FDCWD, given, &path);
    if (error < 0) {
        errno = (int)-error;
        return NULL;
    }
    return access(given, F_OK) == 0 ? give(path.text, to, FILE_PATH_BYTES) : NULL;
}
