/*
 * DEVMAN: finds the PCI buses, starts a driver for each range of them, and then
 * is the registry of devices. Protocol: device.h.
 *
 * A device's channel is its driver's; DEVMAN takes its own right to send on it
 * from who registers the device, and gives one derived from that to whoever
 * asks. Under a foreign SYSTEM, without the calls for that, numbers pass as
 * they are.
 */
#include "acpi.h"
#include "device.h"
#include "registry.h"
#include "spawn.h"
#include "supervised.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUS_DRIVER "boot:/pcidrv.elf"
#define BUS_DRIVER_STACK_BYTES 0x100000
#define RECORDS_BEGIN sizeof(struct device_registration)

/*
 * What pcidrv needs for itself and for the drivers it starts. What DEVMAN does not
 * hold is left out: under our SYSTEM KILL_CURRENT_TASK, which only programs without
 * EXIT_PROCESS need.
 */
static const uint8_t bus_driver_calls[] = {
    ANOS_SYS_DEBUG_PRINT,
    ANOS_SYS_SLEEP,
    ANOS_SYS_MAP_PHYSICAL,
    ANOS_SYS_MAP_VIRTUAL,
    ANOS_SYS_ALLOC_PHYSICAL_PAGES,
    ANOS_SYS_SEND_MESSAGE,
    ANOS_SYS_RECV_MESSAGE,
    ANOS_SYS_REPLY_MESSAGE,
    ANOS_SYS_CREATE_CHANNEL,
    ANOS_SYS_FIND_NAMED_CHANNEL,
    ANOS_SYS_KILL_CURRENT_TASK,
    ANOS_SYS_ALLOC_INTERRUPT_VECTOR,
    ANOS_SYS_WAIT_INTERRUPT,
    ANOS_SYS_CREATE_REGION,
    ANOS_SYS_CREATE_THREAD,
    ANOS_SYS_MINT_RANGE,
    ANOS_SYS_INSPECT,
    ANOS_SYS_UNMAP_VIRTUAL,
    ANOS_SYS_TAKE,
    ANOS_SYS_DROP,
    ANOS_SYS_MAP_MEMORY,
    ANOS_SYS_REGISTER_NAMED_CHANNEL,
    ANOS_SYS_FUTEX_WAIT,
    ANOS_SYS_FUTEX_WAKE,
    ANOS_SYS_EXIT_PROCESS,
};

#define BUS_BYTES (UINT64_C(1) << 20)
#define FOUR_GIB (UINT64_C(1) << 32)
#define OBJECTS_MAX 4

/* What a client sent; it may change the page at any time, so copy, then test. */
struct message {
    uint64_t cookie;
    size_t bytes;
    uint8_t *page;
};

/* Turn the sender's cookie for a channel into ours; false if it does not hold it. */
static bool take_channel(const struct message *message, uint64_t *channel)
{
    if (*channel == 0 || __syscall_capabilities[ANOS_SYS_TAKE] == 0) {
        return true;
    }
    const uint64_t rights = ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT;
    const struct anos_result taken = anos_take(message->cookie, *channel, rights);
    *channel = taken.value;
    return taken.type == ANOS_OK;
}

/* The sender's cookie for a channel of ours; 0 if there is none or its driver has ended. */
static uint64_t give_channel(const struct message *message, uint64_t channel)
{
    if (channel == 0 || __syscall_capabilities[ANOS_SYS_GIVE] == 0) {
        return channel;
    }
    return anos_give(message->cookie, channel, ANOS_RIGHT_SEND).value;
}

/* All devices of a message or none. The answer is the first one's id. */
static uint64_t add(const struct message *message)
{
    static union device_record devices[DEVICE_ANSWER_MAX];
    struct device_registration header;
    if (message->bytes < RECORDS_BEGIN + sizeof(struct device_info)) {
        return 0;
    }
    memcpy(&header, message->page, sizeof header);
    const size_t record_bytes = device_record_bytes(header.type);
    const size_t count_max =
        (message->bytes - RECORDS_BEGIN - sizeof(struct device_info)) / record_bytes + 1;
    if (header.count == 0 || header.count > count_max || header.count > registry_room()) {
        return 0;
    }
    for (size_t i = 0; i < header.count; i++) {
        const size_t begin = RECORDS_BEGIN + i * record_bytes;
        const size_t left = message->bytes - begin;
        devices[i] = (union device_record){ 0 };
        memcpy(&devices[i], message->page + begin, left < record_bytes ? left : record_bytes);
        if (!take_channel(message, &devices[i].info.channel)) {
            return 0;
        }
    }
    const uint64_t first_id = registry_add(&devices[0]);
    for (size_t i = 1; i < header.count; i++) {
        registry_add(&devices[i]);
    }
    return first_id;
}

static uint64_t remove_device(const struct message *message)
{
    struct device_removal removal;
    if (message->bytes < DEVICE_REMOVAL_BYTES_MIN) {
        return 0;
    }
    memcpy(&removal, message->page, sizeof removal);
    return registry_remove(removal.id);
}

/* One device with its tail, over the request. */
static uint64_t answer_details(const struct message *message, const struct device_query *query)
{
    size_t index = 0;
    const union device_record *const found = registry_find(query, &index);
    if (found == NULL) {
        return 0;
    }
    struct device_details answer = { .count = 1, .device = *found };
    answer.device.info.channel = give_channel(message, found->info.channel);
    const size_t bytes =
        offsetof(struct device_details, device) + device_record_bytes(found->info.type);
    memcpy(message->page, &answer, bytes);
    return bytes;
}

/* All devices that the query means, over the request; too many for a page: how many. */
static uint64_t answer_list(const struct message *message, const struct device_query *query)
{
    static struct device_answer answer;
    uint32_t count = 0;
    const union device_record *found;
    for (size_t index = 0; (found = registry_find(query, &index)) != NULL; index++) {
        if (count < DEVICE_ANSWER_MAX) {
            answer.devices[count] = found->info;
        }
        count++;
    }
    if (count == 0 || count > DEVICE_ANSWER_MAX) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        answer.devices[i].channel = give_channel(message, answer.devices[i].channel);
    }
    answer.count = count;
    const size_t bytes =
        offsetof(struct device_answer, devices) + count * sizeof answer.devices[0];
    memcpy(message->page, &answer, bytes);
    return bytes;
}

static uint64_t handle(const struct message *message)
{
    struct device_query query;
    memcpy(&query, message->page, sizeof query);
    switch (query.message) {
    case DEVICE_REGISTER:
        return add(message);
    case DEVICE_UNREGISTER:
        return remove_device(message);
    case DEVICE_QUERY:
        if (message->bytes < sizeof query) {
            return 0;
        }
        return query.kind == QUERY_NEXT ? answer_details(message, &query)
                                        : answer_list(message, &query);
    default:
        return 0;
    }
}

static void serve(uint64_t channel)
{
    static _Alignas(ANOS_PAGE_BYTES) uint8_t window[ANOS_PAGE_BYTES];
    for (;;) {
        uint64_t tag, bytes;
        const struct anos_result received = anos_recv_message(channel, &tag, &bytes, window);
        if (received.type != ANOS_OK) {
            printf("DEVMAN: ends, its channel answers %" PRId64 "\n", received.type);
            return;
        }
        const struct message message = {
            .cookie = received.value,
            .bytes = bytes < sizeof window ? bytes : sizeof window,
            .page = window,
        };
        anos_reply_message(message.cookie, handle(&message));
    }
}

/* Where a range of physical memory that is held begins. */
static uint64_t first_address(uint64_t range)
{
    return (anos_inspect(range).value & UINT32_MAX) * ANOS_PAGE_BYTES;
}

/*
 * What bridges may have mapped below 4 GiB: all device memory between the
 * configuration space and RAM, whichever of the two comes first.
 */
static struct capability_pair bridge_memory(uint64_t memory, uint64_t begin,
                                            uint64_t buses_begin, uint64_t buses_end)
{
    if (begin > 0) { /* RAM is below it */
        return spawn_part(ANOS_CAP_DEVICE_MEMORY, memory, begin, buses_begin - begin);
    }
    struct capability_pair part = { ANOS_CAP_DEVICE_MEMORY, 0 };
    for (uint64_t ram = FOUR_GIB; part.cookie == 0 && ram > buses_end; ram /= 2) {
        part = spawn_part(ANOS_CAP_DEVICE_MEMORY, memory, buses_end, ram - buses_end);
    }
    return part;
}

/* All device memory above 4 GiB and RAM: of a range of its own, if RAM divides device memory. */
static struct capability_pair high_memory(void)
{
    uint64_t begin = FOUR_GIB;
    uint64_t memory = __syscall_capabilities[ANOS_CAP_DEVICE_MEMORY_HIGH];
    if (memory == 0) {
        memory = __syscall_capabilities[ANOS_CAP_DEVICE_MEMORY];
    } else if (first_address(memory) > begin) {
        begin = first_address(memory);
    }
    return spawn_part(ANOS_CAP_DEVICE_MEMORY_HIGH, memory, begin, ANOS_PHYSICAL_END - begin);
}

/*
 * A bus driver's devices: the configuration space of its buses, what its bridges
 * may have mapped, and its share of the interrupt vectors.
 */
static struct capability_pair *give_devices(struct capability_pair *pairs,
                                            const struct mcfg_entry *range, size_t index,
                                            size_t range_count)
{
    const uint64_t memory = __syscall_capabilities[ANOS_CAP_DEVICE_MEMORY];
    const uint64_t vectors = __syscall_capabilities[ANOS_CAP_INTERRUPT_VECTORS];
    const uint64_t begin = first_address(memory);
    const uint64_t buses = range->ecam_physical + range->start_bus * BUS_BYTES;
    const uint64_t bytes = (range->end_bus - range->start_bus + UINT64_C(1)) * BUS_BYTES;
    const uint64_t share = (ANOS_MSI_LAST + 1 - ANOS_MSI_FIRST) / range_count;
    *pairs++ = spawn_part(ANOS_CAP_CONFIG_SPACE, memory, buses, bytes);
    *pairs++ = bridge_memory(memory, begin, range->ecam_physical, buses + bytes);
    *pairs++ = high_memory();
    *pairs++ = spawn_part(ANOS_CAP_INTERRUPT_VECTORS, vectors, ANOS_MSI_FIRST + index * share,
                          share);
    return pairs;
}

static void start_bus_driver(const struct mcfg_entry *range, size_t index, size_t range_count)
{
    char ecam[24], segment[8], start_bus[8], end_bus[8];
    snprintf(ecam, sizeof ecam, "%" PRIx64, range->ecam_physical);
    snprintf(segment, sizeof segment, "%u", range->segment);
    snprintf(start_bus, sizeof start_bus, "%u", range->start_bus);
    snprintf(end_bus, sizeof end_bus, "%u", range->end_bus);
    const char *const arguments[] = { BUS_DRIVER, ecam, segment, start_bus, end_bus };
    struct capability_pair pairs[sizeof bus_driver_calls + OBJECTS_MAX];
    struct capability_pair *end = spawn_own(pairs, bus_driver_calls, sizeof bus_driver_calls);
    if (__syscall_capabilities[ANOS_CAP_DEVICE_MEMORY] != 0) {
        end = give_devices(end, range, index, range_count);
    }
    const int64_t pid =
        spawn(BUS_DRIVER_STACK_BYTES, arguments, sizeof arguments / sizeof arguments[0], pairs,
              (size_t)(end - pairs));
    if (pid <= 0) {
        printf("DEVMAN: cannot start " BUS_DRIVER " (error %" PRId64 ")\n", pid);
    }
}

int main(void)
{
    printf("DEVMAN of anos-sim\n");
    const uint64_t channel = supervised_channel(0);
    if (channel == 0 || !supervised_name(channel, DEVMAN_NAME)) {
        printf("DEVMAN: ends, it cannot have its name\n");
        return 1;
    }
    if (registry_open()) {
        printf("DEVMAN: goes on with the devices of its predecessor\n");
    }
    struct buses *const buses = registry_buses();
    if (buses->count == 0) {
        buses->count = acpi_read_mcfg(buses->ranges, BUS_RANGES_MAX);
    }
    for (; buses->started < buses->count; buses->started++) {
        start_bus_driver(&buses->ranges[buses->started], buses->started, buses->count);
    }
    printf("DEVMAN: initialisation is complete\n");
    serve(channel);
    return 1;
}
