/* The tree as a filesystem of the file protocol. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "file_server.h"

extern const struct file_operations ram_operations;

#endif
