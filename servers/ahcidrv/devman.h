/* Telling DEVMAN what there is to use. */
#ifndef DEVMAN_H
#define DEVMAN_H

#include "disk.h"

/* Find DEVMAN; false without it, with a line that says so. */
bool devman_find(void);

/* Register the controller below the PCI function `parent_id`; returns its id, 0 if that failed. */
uint64_t devman_register_controller(uint64_t parent_id);

/* Register a disk and its channel; a line says if that failed. */
void devman_register_disk(struct disk *disk, uint64_t controller_id);

/* Make it known that a disk is gone, once. Registering and this are one thread's. */
void devman_remove_disk(struct disk *disk);

#endif
