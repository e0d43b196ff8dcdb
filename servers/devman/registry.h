/*
 * The table of devices, in the order of their ids. It is in memory that outlives DEVMAN, and
 * whole at any moment, so that a successor goes on with it.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "acpi.h"
#include "device.h"

#include <stdbool.h>

#define REGISTRY_MAX 256
#define BUS_RANGES_MAX 16

/* Begin with what a predecessor left; true if there was one. */
bool registry_open(void);

/* What the firmware's tables say, which only one process can read, once. */
struct buses {
    uint64_t count;   /* 0: not read */
    uint64_t started; /* of them, those whose driver was started */
    struct mcfg_entry ranges[BUS_RANGES_MAX];
};

/* They outlive DEVMAN like the devices. */
struct buses *registry_buses(void);

/* How many devices can still be added. */
size_t registry_room(void);

/*
 * Add a device and return its new id, or that of the same device, which this one replaces: a
 * driver that was restarted registers what it did before. There must be room.
 */
uint64_t registry_add(const union device_record *device);

/* Forget a device; false if there is none with this id. */
bool registry_remove(uint64_t id);

/* The first device, from the one at `*index` on, that a query means; NULL if there is none. */
const union device_record *registry_find(const struct device_query *query, size_t *index);

#endif
