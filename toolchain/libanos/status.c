/* stat and what is like it. */
#include "status.h"

#include "open_files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 512 /* of st_blocks */
#define IO_BYTES 4096
#define HASH_START UINT64_C(0xcbf29ce484222325) /* FNV-1a */
#define HASH_PRIME UINT64_C(0x100000001b3)

static uint64_t hash(uint64_t before, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        before = (before ^ (unsigned char)text[i]) * HASH_PRIME;
    }
    return before;
}

HIDDEN uint64_t __anos_file_number(const char *path, const char *name)
{
    size_t bytes = strlen(path);
    bytes -= bytes > 0 && path[bytes - 1] == '/'; /* a root */
    uint64_t number = hash(HASH_START, path, bytes);
    if (name != NULL) {
        number = hash(hash(number, "/", 1), name, strlen(name));
    }
    return number;
}

static void fill(struct stat *status, const char *path, const struct file_entry *entry)
{
    const bool is_directory = entry->attributes & FILE_DIRECTORY;
    const mode_t writable = entry->attributes & FILE_READ_ONLY ? 0 : S_IWUSR;
    *status = (struct stat){
        .st_dev = hash(HASH_START, path, strcspn(path, ":")),
        .st_ino = __anos_file_number(path, NULL),
        .st_nlink = 1,
        .st_mode = (is_directory ? S_IFDIR | 0555 : S_IFREG | 0444) | writable,
        .st_size = (off_t)entry->bytes,
        .st_blksize = IO_BYTES,
        .st_blocks = (blkcnt_t)((entry->bytes + BLOCK_BYTES - 1) / BLOCK_BYTES),
        .st_atim.tv_sec = entry->modified,
        .st_mtim.tv_sec = entry->modified,
        .st_ctim.tv_sec = entry->modified,
    };
}

HIDDEN long __anos_fstat(int descriptor, void *status)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    const struct disk_file *const disk_file = __anos_disk_file(file);
    long error = 0;
    if (disk_file == NULL) {
        *(struct stat *)status =
            (struct stat){ .st_mode = S_IFCHR | 0666, .st_nlink = 1, .st_blksize = IO_BYTES };
    } else {
        MESSAGE_PAGE(page);
        struct file_entry *entry;
        error = __anos_ask_entry(&disk_file->place, &entry, page);
        if (error == 0) {
            fill(status, disk_file->path, entry);
        }
    }
    __anos_put(file);
    return error;
}

/* The facts about a path, in `page`. */
static long find(int directory, const char *given, struct path *path, struct file_entry **entry,
                 void *page)
{
    struct place place;
    long error = __anos_find(directory, given, path, &place, page);
    if (error == 0) {
        error = __anos_ask_entry(&place, entry, page);
    }
    if (error == 0 && path->is_directory && !((*entry)->attributes & FILE_DIRECTORY)) {
        error = -ENOTDIR;
    }
    return error;
}

HIDDEN long __anos_stat(int directory, const char *given, void *status, int flags)
{
    if (given[0] == '\0' && flags & AT_EMPTY_PATH) {
        return __anos_fstat(directory, status);
    }
    MESSAGE_PAGE(page);
    struct path path;
    struct file_entry *entry;
    const long error = find(directory, given, &path, &entry, page);
    if (error == 0) {
        fill(status, path.text, entry);
    }
    return error;
}

/* Nothing can be executed by itself: starting programs is SYSTEM's. */
HIDDEN long __anos_access(int directory, const char *given, int mode)
{
    MESSAGE_PAGE(page);
    struct path path;
    struct file_entry *entry;
    const long error = find(directory, given, &path, &entry, page);
    if (error < 0) {
        return error;
    }
    const bool is_directory = entry->attributes & FILE_DIRECTORY;
    const bool is_denied = (mode & W_OK && entry->attributes & FILE_READ_ONLY) ||
                           (mode & X_OK && !is_directory);
    return is_denied ? -EACCES : 0;
}

/* There are no links: what is there is none. */
HIDDEN long __anos_readlink(int directory, const char *given)
{
    const long error = __anos_access(directory, given, F_OK);
    return error < 0 ? error : -EINVAL;
}
