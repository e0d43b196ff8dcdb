/* The boot config: what SYSTEM starts, and what programs may hold. */
#ifndef BOOT_H
#define BOOT_H

#include <anos/boot_config.h>
#include <stdint.h>

/* Start every program of the boot config, in order, and log each one's pid. */
void boot_run(void);

/*
 * A program's entry in the boot config, or NULL. Its capabilities are the
 * program's manifest: all that it may hold, whoever starts it.
 */
const struct anos_boot_entry *boot_manifest(const char *path);

/* The entry with this index; NULL if there is none. */
const struct anos_boot_entry *boot_entry(uint32_t index);

/* The rights that a manifest allows to the capability with this id; 0: it is not in it. */
uint32_t boot_rights(const struct anos_boot_entry *manifest, uint64_t id);

#endif
