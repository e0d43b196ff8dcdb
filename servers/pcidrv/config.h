/* Which program drives which device, from the boot config. */
#ifndef CONFIG_H
#define CONFIG_H

#include "function.h"

#include <anos/boot_config.h>

/* Read the boot config's drivers; if there is none to read, a line says so. */
void config_read(void);

/*
 * The entry of the program that drives a function: one that names its vendor and
 * device comes before one that names its class, else the first. NULL if there is none.
 */
const struct anos_boot_entry *config_find(const struct function *function);

#endif
