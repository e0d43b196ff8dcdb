/* The volumes as a filesystem of the file protocol. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "file_server.h"

/* `files` of the server is a struct mounts. */
extern const struct file_operations fat_operations;

#endif
