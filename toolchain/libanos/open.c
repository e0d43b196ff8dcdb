/* Opening a file or directory of a filesystem. */
#include "open_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Only these are kept: F_GETFL tells them. */
#define FLAGS_KEPT (O_ACCMODE | O_APPEND | O_DSYNC | O_SYNC)

/* How often two programs may get in each other's way when both create and remove a file. */
#define TRIES 3

/* Is a file with these facts to be had as `flags` say? 0 or an error. */
static long check(const struct file_entry *entry, bool must_be_directory, int flags)
{
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (entry->attributes & FILE_DIRECTORY) {
        return writes || flags & O_CREAT ? -EISDIR : 0;
    }
    if (must_be_directory) {
        return -ENOTDIR;
    }
    return writes && entry->attributes & FILE_READ_ONLY ? -EACCES : 0;
}

/* Look at what is there, and empty it if it is to be: 1 if it is a directory, 0 a file. */
static long look(const struct place *place, bool must_be_directory, int flags, void *page)
{
    struct file_entry *entry;
    long error = __anos_ask_entry(place, &entry, page);
    if (error == 0) {
        error = check(entry, must_be_directory, flags);
    }
    if (error < 0) {
        return error;
    }
    if (entry->attributes & FILE_DIRECTORY) {
        return 1;
    }
    if (flags & O_TRUNC && (flags & O_ACCMODE) != O_RDONLY && entry->bytes > 0) {
        error = __anos_ask(place, FILE_TRUNCATE, 0, page);
    }
    return error < 0 ? error : 0;
}

/* Have what is to be opened be there: 1 if it is a directory, 0 a file, or an error. */
static long prepare(const struct place *place, bool must_be_directory, int flags, void *page)
{
    const bool creates = flags & O_CREAT && !must_be_directory;
    const bool must_be_new = creates && flags & O_EXCL;
    long answer = -EEXIST;
    for (int try = 0; answer == -EEXIST && try < TRIES; try++) {
        answer = must_be_new ? -ENOENT : look(place, must_be_directory, flags, page);
        if (answer == -ENOENT && creates) {
            answer = __anos_ask(place, FILE_CREATE, 0, page);
            if (answer >= 0 || must_be_new) {
                return answer < 0 ? answer : 0;
            }
        }
    }
    return answer;
}

static struct disk_file *make(const struct path *path, const struct place *place,
                              bool is_directory, int flags)
{
    const size_t bytes = strlen(path->text) + 1;
    struct disk_file *const disk_file = malloc(sizeof *disk_file + bytes);
    if (disk_file != NULL) {
        *disk_file = (struct disk_file){
            .file = { .kind = &__anos_disk_kind,
                      .flags = flags & FLAGS_KEPT,
                      .references = 1 },
            .is_directory = is_directory,
            .restarts = __anos_restarts(),
            .place = { place->channel, place->is_relative,
                       disk_file->path + (place->path - path->text) },
        };
        memcpy(disk_file->path, path->text, bytes);
    }
    return disk_file;
}

HIDDEN long __anos_open(int directory, const char *given, int flags)
{
    MESSAGE_PAGE(page);
    struct path path;
    struct place place;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        return -EOPNOTSUPP;
    }
    const long error = __anos_find(directory, given, &path, &place, page);
    if (error < 0) {
        return error;
    }
    const int descriptor = __anos_new_descriptor(NULL, 0);
    if (descriptor < 0) {
        return descriptor;
    }
    const bool must_be_directory = path.is_directory || flags & O_DIRECTORY;
    const long found = prepare(&place, must_be_directory, flags, page);
    struct disk_file *const disk_file =
        found < 0 ? NULL : make(&path, &place, found == 1, flags);
    __anos_set_descriptor(descriptor, (struct open_file *)disk_file);
    if (disk_file == NULL) {
        return found < 0 ? found : -ENOMEM;
    }
    return descriptor;
}
