/*
 * Two tables, of which one counts: adding writes behind its end and then moves the end;
 * everything else is made in the other one, which then takes its place.
 */
#include "registry.h"

#include "supervised.h"

#include <anos/abi.h>
#include <string.h>

#define KEPT_WINDOW UINT64_C(0x700000000)

struct table {
    uint64_t count;
    union device_record devices[REGISTRY_MAX];
};

struct registry {
    uint64_t last_id;
    struct buses buses;
    uint64_t current; /* 0 or 1 */
    struct table tables[2];
};

#define KEPT_BYTES ((sizeof(struct registry) + ANOS_PAGE_BYTES - 1) & -(size_t)ANOS_PAGE_BYTES)

static struct registry own;
static struct registry *registry = &own;

static struct table *table(void)
{
    return &registry->tables[registry->current];
}

/* Store a number that makes something true, behind all that it needs. */
static void publish(uint64_t *at, uint64_t value)
{
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

bool registry_open(void)
{
    if (supervised_memory(KEPT_WINDOW, KEPT_BYTES)) {
        registry = (struct registry *)KEPT_WINDOW;
    }
    for (size_t i = 0; i < table()->count; i++) {
        struct device_info *const info = &table()->devices[i].info;
        info->channel = info->channel == 0 ? 0 : supervised_kept(info->id);
    }
    return supervised_generation() > 1 && registry != &own;
}

struct buses *registry_buses(void)
{
    return &registry->buses;
}

size_t registry_room(void)
{
    return REGISTRY_MAX - table()->count;
}

/* Do two records mean one device? */
static bool is_same(const union device_record *a, const union device_record *b)
{
    if (a->info.type != b->info.type || a->info.parent_id != b->info.parent_id ||
        strncmp(a->info.name, b->info.name, sizeof a->info.name) != 0) {
        return false;
    }
    switch (a->info.type) {
    case DEVICE_PCI:
        return a->pci.config_physical != 0 && a->pci.config_physical == b->pci.config_physical;
    case DEVICE_STORAGE_CONTROLLER:
        return a->info.parent_id != 0;
    default:
        return a->info.channel != 0 && b->info.channel != 0 &&
               anos_inspect(a->info.channel).value == anos_inspect(b->info.channel).value;
    }
}

/* Have the other table be as this one but for one device: replaced, or (NULL) left out. */
static void replace(size_t index, const union device_record *by)
{
    struct table *const from = table();
    struct table *const to = &registry->tables[1 - registry->current];
    to->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (i != index) {
            to->devices[to->count++] = from->devices[i];
        } else if (by != NULL) {
            to->devices[to->count++] = *by;
        }
    }
    publish(&registry->current, 1 - registry->current);
}

/* A device's channel is not known any more as `before`: give that up, unless it still is. */
static void give_up(uint64_t before, uint64_t now)
{
    if (before != 0 && before != now && __syscall_capabilities[ANOS_SYS_DROP] != 0) {
        anos_drop(before);
    }
}

uint64_t registry_add(const union device_record *device)
{
    union device_record added = *device;
    added.info.name[sizeof added.info.name - 1] = '\0';
    added.info.driver[sizeof added.info.driver - 1] = '\0';
    for (size_t i = 0; i < table()->count; i++) {
        if (is_same(&table()->devices[i], &added)) {
            const uint64_t before = table()->devices[i].info.channel;
            added.info.id = table()->devices[i].info.id;
            supervised_keep(added.info.id, added.info.channel);
            replace(i, &added);
            give_up(before, added.info.channel);
            return added.info.id;
        }
    }
    added.info.id = registry->last_id + 1;
    if (added.info.channel != 0) {
        supervised_keep(added.info.id, added.info.channel);
    }
    struct table *const to = table();
    to->devices[to->count] = added;
    publish(&registry->last_id, added.info.id);
    publish(&to->count, to->count + 1);
    return added.info.id;
}

bool registry_remove(uint64_t id)
{
    for (size_t i = 0; i < table()->count; i++) {
        if (table()->devices[i].info.id == id) {
            const uint64_t before = table()->devices[i].info.channel;
            replace(i, NULL);
            supervised_keep(id, 0);
            give_up(before, 0);
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
    for (; *index < table()->count; (*index)++) {
        if (is_meant(&table()->devices[*index].info, query)) {
            return &table()->devices[*index];
        }
    }
    return NULL;
}
