/* Whole paths from the parts that a program writes. */
#include "paths.h"

#include "open_files.h"

#include <fcntl.h>
#include <string.h>

#define NAME_UNITS_MAX 255 /* UTF-16, as filesystems count */

/* How many UTF-16 units a name of UTF-8 has. */
static size_t units(const char *name, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char byte = (unsigned char)name[i];
        count += (byte & 0xc0) != 0x80; /* where a character begins */
        count += byte >= 0xf0;          /* one that takes two */
    }
    return count;
}

/* Leave the last name out; a mount stays. */
static void go_up(char *text)
{
    char *const last = strrchr(text, '/');
    if (last != NULL) {
        *last = '\0';
    }
}

/* Add the names of `names` to a text without '/' at its end. */
static long append(struct path *to, const char *names)
{
    size_t used = strlen(to->text);
    for (;;) {
        names += strspn(names, "/");
        const size_t bytes = strcspn(names, "/");
        if (bytes == 0) {
            return 0;
        }
        to->is_directory = names[bytes] == '/';
        if (bytes == 1 && names[0] == '.') {
            to->is_directory = true;
        } else if (bytes == 2 && names[0] == '.' && names[1] == '.') {
            to->is_directory = true;
            go_up(to->text);
            used = strlen(to->text);
        } else if (units(names, bytes) > NAME_UNITS_MAX ||
                   used + 1 + bytes + 1 > sizeof to->text) {
            return -ENAMETOOLONG;
        } else {
            to->text[used++] = '/';
            memcpy(to->text + used, names, bytes);
            used += bytes;
            to->text[used] = '\0';
        }
        names += bytes;
    }
}

/* The path of a descriptor, which must be a directory's. */
static long copy_directory(int descriptor, char *text)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    struct disk_file *const directory = __anos_disk_file(file);
    const bool is_one = directory != NULL && directory->is_directory;
    if (is_one) {
        strcpy(text, directory->path);
    }
    __anos_put(file);
    return is_one ? 0 : -ENOTDIR;
}

HIDDEN long __anos_path(int directory, const char *given, struct path *to)
{
    if (given[0] == '\0') {
        return -ENOENT;
    }
    to->is_directory = false;
    const size_t mount_bytes = strcspn(given, ":/") + 1;
    if (given[mount_bytes - 1] == ':' && mount_bytes > 1) {
        if (mount_bytes >= sizeof to->text) {
            return -ENAMETOOLONG;
        }
        *(char *)mempcpy(to->text, given, mount_bytes) = '\0';
        given += mount_bytes;
    } else {
        const long error = directory == AT_FDCWD || given[0] == '/'
                               ? __anos_working_directory(to->text)
                               : copy_directory(directory, to->text);
        if (error < 0) {
            return error;
        }
        to->text[given[0] == '/' ? strcspn(to->text, "/") : strlen(to->text)] = '\0';
        if (strcmp(strchr(to->text, ':'), ":/") == 0) { /* a root: its '/' comes with a name */
            go_up(to->text);
        }
    }
    const long error = append(to, given);
    if (error == 0 && strchr(to->text, '/') == NULL) {
        if (strlen(to->text) + 2 > sizeof to->text) {
            return -ENAMETOOLONG;
        }
        strcat(to->text, "/");
    }
    return error;
}

HIDDEN long __anos_find(int directory, const char *given, struct path *path, struct place *place,
                        void *page)
{
    const long error = __anos_path(directory, given, path);
    return error < 0 ? error : __anos_place(path->text, place, page);
}
