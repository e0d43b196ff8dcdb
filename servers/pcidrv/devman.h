/* Telling DEVMAN what is on the bus. */
#ifndef DEVMAN_H
#define DEVMAN_H

#include "function.h"

/* Find DEVMAN; without it devices are not registered, and a line says so. */
void devman_find(void);

/* Register a function below the device `parent_id`; returns its id, 0 if that failed. */
uint64_t devman_register(const struct function *function, uint64_t parent_id);

#endif
