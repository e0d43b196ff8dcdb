/*
 * The file protocol, on the channel that the VFS answers with (anos-abi 8.4, 9.5).
 *
 * Paths carry their mount ("boot:/shell.elf"). They are UTF-8, with '/' between
 * the names; there is no "." and no "..". All integers are little-endian.
 *
 * Every filesystem answers these two. An answer of 0, which arrives as
 * ANOS_FAILURE, says: no such file, or nothing at that offset, or a bad request.
 * So an empty file looks like a missing one.
 *
 *   FILE_SIZE  body: a path with NUL         -> the file's length in bytes
 *   FILE_LOAD  body: struct file_load        -> bytes loaded, at most a page; they
 *                                               are in the message's page, from its start
 *
 * All but the RAMFS ("boot:") answer Anos's other two as well:
 *
 *   FILE_QUERY_SIZE  body: struct file_query_size  -> 16, bytes of a struct
 *                                                     file_size_answer in the page
 *   FILE_LOAD_PAGE   body: struct file_load_page   -> 8 and the bytes of data, of a struct
 *                                                     file_page_answer in the page
 *
 * All answer these, which are ours. Each answers over the request, from the page's start,
 * and answers an enum file_error, which arrives as ANOS_OK with a huge value, so
 * test `(int64_t)value < 0`.
 *
 *   FILE_LIST  body: struct file_request, position: 0 or the `next` of the answer before
 *              -> bytes of the struct file_listing in the page
 *   FILE_STAT  body: struct file_request, position: 0
 *              -> bytes of the one struct file_entry in the page
 *   FILE_READ  body: struct file_request, position: a byte offset, of any alignment
 *              -> 1 and the bytes read: as many as the file has there, at most a page.
 *                 So an answer of 1 is the end of the file, and 4097 a whole page.
 *
 * and changes, each of which answers 1 (FILE_WRITE: 1 and the bytes written) or an
 * enum file_error; then nothing has changed, unless it is FILE_IO_ERROR:
 *
 *   FILE_CREATE            an empty file                  body: struct file_request
 *   FILE_WRITE             as many bytes as are asked, at any offset; what is between
 *                          the file's end and there is 0  body: struct file_write
 *   FILE_TRUNCATE          position: the new length, shorter, or longer by zeros
 *   FILE_RENAME            path: the old one and, behind its NUL, the new one with NUL, in
 *                          the same mount. A file that has that name is replaced
 *   FILE_REMOVE            a file
 *   FILE_MAKE_DIRECTORY    an empty one
 *   FILE_REMOVE_DIRECTORY  an empty one
 *   FILE_SYNC              path: any in the mount. All changes so far are on the medium
 *   FILE_SET_TIME          position: of the last change, in seconds since 1970; 0: now
 *
 * A change is seen by the next request at once; it is on the medium after FILE_SYNC, or
 * after a second or so.
 *
 * A handle is a capability to a file or a directory, for who shall reach nothing else:
 *
 *   FILE_OPEN  body: struct file_request, position: rights (FILE_MAY_...), 0: all that the
 *              channel has by which it is asked -> 1, and the handle in slot 0 of the answer
 *              to a send_transfer: a channel to send to and to pass on
 *
 * Every request can be sent on a handle. Its path is then below the handle: what is in front
 * of the first ':', that itself, and slashes at the start do not count, and "" is what the
 * handle stands for, which can neither be made, removed nor renamed that way. So a handle on a
 * directory can be a mount (vfs.h). What the handle's rights do not allow is FILE_PROTECTED;
 * FILE_STAT, FILE_SYNC and FILE_OPEN need none; to FILE_STAT all is FILE_READ_ONLY that the
 * handle may not change. A handle stands for a path, not for what was
 * there when it was opened, and the same one is given for the same path and rights again.
 *
 * A tag that a filesystem does not know answers 0.
 */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>
#include <stdint.h>

#define FILE_PATH_BYTES 4088 /* with the NUL: what fits into a page behind an offset */

enum file_tag {
    FILE_SIZE = 1,
    FILE_LOAD = 2,
    FILE_QUERY_SIZE = 104,
    FILE_LOAD_PAGE = 105,
    FILE_LIST = 109,
    FILE_STAT = 110,
    FILE_READ = 111,
    FILE_CREATE = 112,
    FILE_WRITE = 113,
    FILE_TRUNCATE = 114,
    FILE_RENAME = 115,
    FILE_REMOVE = 116,
    FILE_MAKE_DIRECTORY = 117,
    FILE_REMOVE_DIRECTORY = 118,
    FILE_SYNC = 119,
    FILE_SET_TIME = 120,
    FILE_OPEN = 121,
};

enum file_right {
    FILE_MAY_READ = 1 << 0,
    FILE_MAY_WRITE = 1 << 1, /* change, too: make, remove, rename, set times */
};

enum file_error {
    FILE_NOT_FOUND = -1,
    FILE_NOT_A_DIRECTORY = -2, /* FILE_LIST of a file, or a path that goes through one */
    FILE_IS_A_DIRECTORY = -3,  /* of a request that is for files */
    FILE_IO_ERROR = -4,        /* the device could not, or the volume is damaged there */
    FILE_BAD_REQUEST = -5,     /* no NUL in the message, a cursor that was never given out, the
                                  root where it cannot be, or a directory moved into itself */
    FILE_EXISTS = -6,          /* the name is taken */
    FILE_NO_SPACE = -7,        /* the volume is full, or the directory cannot get larger */
    FILE_NOT_EMPTY = -8,       /* FILE_REMOVE_DIRECTORY */
    FILE_BAD_NAME = -9,        /* the filesystem cannot have such a name */
    FILE_PROTECTED = -10,      /* the file is read-only, or the volume, or the handle */
    FILE_TOO_LARGE = -11,      /* longer than a file can be */
    FILE_NO_HANDLES = -12,     /* FILE_OPEN under `bearer`, where a capability has no badge */
    FILE_STALE = -13,          /* a handle of a server that was restarted: open it again. After
                                  a restart file_client answers so once: the request may be done
                                  or not, and what was changed and not synced may be lost */
};

/*
 * The message's size is at least 8 and the path with its NUL; Anos's loaders
 * say 26, whatever the path, and may have 22 bytes of it.
 */
struct file_load {
    uint64_t offset;
    char path[FILE_PATH_BYTES];
};

/* Of most requests. The size is at least 8 and the path with its NUL, or both paths. */
struct file_request {
    uint64_t position;
    char path[FILE_PATH_BYTES];
};

/* Of FILE_WRITE. The data follow the path: `bytes` of them at `path + path_bytes`. */
struct file_write {
    uint64_t position;
    uint32_t bytes;
    uint32_t path_bytes; /* with its NUL and what may follow that */
    char path[];
};

enum file_attribute {
    FILE_READ_ONLY = 1 << 0,
    FILE_HIDDEN = 1 << 1,
    FILE_SYSTEM = 1 << 2,
    FILE_DIRECTORY = 1 << 4,
    FILE_ARCHIVE = 1 << 5,
};

#define FILE_NAME_BYTES 768 /* with the NUL: 255 UTF-16 units as UTF-8 */

/* A file or a directory. FILE_STAT names a mount's root by its volume's label, others by "". */
struct file_entry {
    uint16_t entry_bytes; /* to the next entry: a multiple of 8 */
    uint16_t name_bytes;  /* without the NUL */
    uint32_t attributes;  /* FILE_READ_ONLY ... */
    uint64_t bytes;       /* of the file's content; 0 for a directory */
    int64_t modified;     /* seconds since 1970 by the writer's clock; 0: not known */
    char name[];          /* UTF-8 with NUL */
};

struct file_listing {
    uint64_t next;    /* position of the next FILE_LIST; 0: that was all */
    uint32_t count;   /* of entries here; may be 0 */
    uint32_t reserved_12;
    uint8_t entries[]; /* struct file_entry, one behind the other */
};

/* Anos's FILE_QUERY_SIZE and its answer. `kind` says nothing. */
struct file_query_size {
    uint32_t kind;
    char path[4092];
};

struct file_size_answer {
    uint64_t bytes;
    uint32_t error; /* 0, or FILE_ANSWER_ERROR and then `bytes` is 0 */
    uint32_t reserved_12;
};

/* Anos's FILE_LOAD_PAGE and its answer. */
struct file_load_page {
    uint32_t kind;
    uint32_t reserved_4;
    uint64_t first_page; /* offset in the file, in pages */
    uint32_t page_count; /* 1 is answered, whatever more is asked */
    uint32_t reserved_20;
    char path[4072];
};

#define FILE_ANSWER_ERROR UINT32_MAX
#define FILE_PAGE_ANSWER_BYTES 4088 /* a page's last 8 bytes do not fit: FILE_READ has no gap */

struct file_page_answer {
    uint32_t pages; /* 1, or 0 at the end of the file and on error */
    uint32_t error; /* 0 or FILE_ANSWER_ERROR */
    uint8_t data[FILE_PAGE_ANSWER_BYTES];
};

_Static_assert(offsetof(struct file_load, path) == 8, "path");
_Static_assert(sizeof(struct file_load) == 0x1000, "file_load");
_Static_assert(offsetof(struct file_request, path) == 8, "path");
_Static_assert(offsetof(struct file_write, path) == 16, "path");
_Static_assert(offsetof(struct file_entry, name) == 24, "name");
_Static_assert(offsetof(struct file_listing, entries) == 16, "entries");
_Static_assert(offsetof(struct file_query_size, path) == 4, "path");
_Static_assert(sizeof(struct file_size_answer) == 16, "file_size_answer");
_Static_assert(offsetof(struct file_load_page, page_count) == 16, "page_count");
_Static_assert(offsetof(struct file_load_page, path) == 24, "path");
_Static_assert(sizeof(struct file_page_answer) == 0x1000, "file_page_answer");

#endif
