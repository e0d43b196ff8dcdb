/* Changes to files and directories that are named, not opened. */
#include "open_files.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Why a path that says it is a directory's, with a '/' at its end, is not to be had as a file. */
static long not_a_file(const struct place *place, void *page)
{
    struct file_entry *entry;
    const long error = __anos_ask_entry(place, &entry, page);
    return error < 0 ? error : entry->attributes & FILE_DIRECTORY ? -EISDIR : -ENOTDIR;
}

/* Find a place and ask there. */
static long change(int directory, const char *given, enum file_tag tag, uint64_t position,
                   bool is_for_file)
{
    MESSAGE_PAGE(page);
    struct path path;
    struct place place;
    const long error = __anos_find(directory, given, &path, &place, page);
    if (error < 0) {
        return error;
    }
    if (is_for_file && path.is_directory) {
        return not_a_file(&place, page);
    }
    const long answer = __anos_ask(&place, tag, position, page);
    return answer < 0 ? answer : 0;
}

/* Ask about an open file that lies in a filesystem. */
static long change_open(int descriptor, enum file_tag tag, uint64_t position, bool must_write)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    const struct disk_file *const disk_file = __anos_disk_file(file);
    long answer = -EINVAL;
    if (disk_file != NULL && !(must_write && (file->flags & O_ACCMODE) == O_RDONLY)) {
        MESSAGE_PAGE(page);
        answer = __anos_is_stale(disk_file) ? -ESTALE
                                            : __anos_ask(&disk_file->place, tag, position, page);
    }
    __anos_put(file);
    return answer < 0 ? answer : 0;
}

HIDDEN long __anos_unlink(int directory, const char *path, int flags)
{
    const bool is_directory = flags & AT_REMOVEDIR;
    return change(directory, path, is_directory ? FILE_REMOVE_DIRECTORY : FILE_REMOVE, 0,
                  !is_directory);
}

HIDDEN long __anos_mkdir(int directory, const char *path)
{
    return change(directory, path, FILE_MAKE_DIRECTORY, 0, false);
}

HIDDEN long __anos_truncate(const char *path, long bytes)
{
    return bytes < 0 ? -EINVAL : change(AT_FDCWD, path, FILE_TRUNCATE, (uint64_t)bytes, true);
}

HIDDEN long __anos_ftruncate(int descriptor, long bytes)
{
    return bytes < 0 ? -EINVAL : change_open(descriptor, FILE_TRUNCATE, (uint64_t)bytes, true);
}

HIDDEN long __anos_fsync(int descriptor)
{
    return change_open(descriptor, FILE_SYNC, 0, false);
}

/* Only the time of the last change can be set; 0 says now there. */
HIDDEN long __anos_utimens(int directory, const char *path, const struct timespec *times)
{
    uint64_t seconds = 0;
    if (times != NULL && times[1].tv_nsec == UTIME_OMIT) {
        return 0;
    }
    if (times != NULL && times[1].tv_nsec != UTIME_NOW) {
        seconds = times[1].tv_sec > 0 ? (uint64_t)times[1].tv_sec : 1;
    }
    return path == NULL ? change_open(directory, FILE_SET_TIME, seconds, false)
                        : change(directory, path, FILE_SET_TIME, seconds, false);
}

/* Within one filesystem, and within what is held of it. A file of that name is replaced. */
HIDDEN long __anos_rename(int old_directory, const char *old_given, int new_directory,
                          const char *new_given, int flags)
{
    MESSAGE_PAGE(page);
    struct path old_path, new_path;
    struct place from, to;
    if (flags != 0) {
        return -EINVAL;
    }
    long error = __anos_find(old_directory, old_given, &old_path, &from, page);
    if (error == 0) {
        error = __anos_find(new_directory, new_given, &new_path, &to, page);
    }
    if (error < 0) {
        return error;
    }
    if (from.channel != to.channel || from.is_relative != to.is_relative) {
        return -EXDEV;
    }
    if (old_path.is_directory || new_path.is_directory) {
        struct file_entry *entry;
        error = __anos_ask_entry(&from, &entry, page);
        if (error < 0) {
            return error;
        }
        if (!(entry->attributes & FILE_DIRECTORY)) {
            return -ENOTDIR;
        }
    }
    const long answer = __anos_ask_rename(&from, &to, page);
    return answer < 0 ? answer : 0;
}
