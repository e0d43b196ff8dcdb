/* Directories, as `ls -l` shows them. */
#ifndef LIST_H
#define LIST_H

#include "file_client.h"

/* What a directory has that is worth a second look; "" if there is none. */
struct findings {
    char directory[FILE_NAME_BYTES]; /* the first directory in it */
    char text[FILE_NAME_BYTES];      /* README.TXT, else the first file that ends in .TXT */
};

/*
 * Print a directory's first entries and how many more it has, and note in
 * `found`, if that is not NULL, what is in it. 0 or an error of file_client.h.
 */
int64_t list_show(uint64_t filesystem, const char *path, void *page, struct findings *found);

#endif
