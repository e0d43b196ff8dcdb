/* The table of devices. */
#include "registry.h"

#include <string.h>

static union device_record devices[REGISTRY_MAX];
static size_t device_count;
static uint64_t last_id;

size_t registry_room(void)
{
    return REGISTRY_MAX - device_count;
}

uint64_t registry_add(const union device_record *device)
{
    union device_record *const added = &devices[device_count++];
    *added = *device;
    added->info.id = ++last_id;
    added->info.name[sizeof added->info.name - 1] = '\0';
    added->info.driver[sizeof added->info.driver - 1] = '\0';
    return last_id;
}

bool registry_remove(uint64_t id)
{
    for (size_t i = 0; i < device_count; i++) {
        if (devices[i].info.id == id) {
            device_count--;
            memmove(&devices[i], &devices[i + 1], (device_count - i) * sizeof devices[0]);
            return true;
        }
    }
    return false;
}

static bool is_meant(const struct device_info *device, const struct device_query *query)
{
    switch (query->kind) {
    case QUERY_BY_TYPE:
        return device->type == query->type;
    case QUERY_BY_ID:
        return device->id == query->id;
    case QUERY_ALL:
        return true;
    case QUERY_CHILDREN:
        return device->parent_id == query->id;
    case QUERY_NEXT:
        return device->id >= query->id &&
               (query->type == DEVICE_UNKNOWN || device->type == query->type);
    default:
        return false;
    }
}

const union device_record *registry_find(const struct device_query *query, size_t *index)
{
    for (; *index < device_count; (*index)++) {
        if (is_meant(&devices[*index].info, query)) {
            return &devices[*index];
        }
    }
    return NULL;
}
