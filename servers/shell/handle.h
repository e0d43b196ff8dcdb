/*
 * Handles on files and directories (FILE_OPEN of file.h), counted: whoever opens the same
 * again has the same capability, so it is given up by its last user. Any thread may call.
 */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdint.h>

/* A handle on a whole path with rights FILE_MAY_...: 0 or an error of file_client.h. */
int64_t handle_open(const char *path, uint32_t rights, uint64_t *handle, void *page);

/* Give it up. */
void handle_close(uint64_t handle);

#endif
