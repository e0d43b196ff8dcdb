/* The table of devices, in the order of their ids. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "device.h"

#include <stdbool.h>

#define REGISTRY_MAX 256

/* How many devices can still be added. */
size_t registry_room(void);

/* Add a device and return its new id. There must be room. */
uint64_t registry_add(const union device_record *device);

/* Forget a device; false if there is none with this id. */
bool registry_remove(uint64_t id);

/* The first device, from the one at `*index` on, that a query means; NULL if there is none. */
const union device_record *registry_find(const struct device_query *query, size_t *index);

#endif
