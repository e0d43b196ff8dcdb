/* Open files and directories of filesystems. */
#ifndef ANOS_OPEN_FILES_H
#define ANOS_OPEN_FILES_H

#include "descriptors.h"
#include "requests.h"

/*
 * A file is asked for by its path with every request: nothing is kept of its content. Who
 * renames or removes it elsewhere takes it away (ENOENT).
 */
struct disk_file {
    struct open_file file;
    bool is_directory;
    unsigned restarts; /* of filesystems, when it was opened: after more, changes may be lost */
    void *listing; /* of a directory that is being read: directories.c */
    struct place place;
    char path[];
};

HIDDEN extern const struct file_kind __anos_disk_kind;

HIDDEN bool __anos_is_stale(const struct disk_file *disk_file);

/* What an open file is, if it lies in a filesystem; else NULL. */
HIDDEN struct disk_file *__anos_disk_file(struct open_file *file);

#endif
