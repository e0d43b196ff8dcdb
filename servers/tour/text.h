/* Text files, as `cat` shows them. */
#ifndef TEXT_H
#define TEXT_H

#include "file_client.h"

/* Print the first lines of a file and how much more there is. 0 or an error of file_client.h. */
int64_t text_show(uint64_t filesystem, const char *path, void *page);

#endif
