/* DEVMAN: the register of devices (anos-abi 9.2). It starts pcidrv before it has a name itself. */
#include "anos.h"
#include "device.h"
#include "libc.h"

enum { DEVICES_MAX = 256, DEVICE_AT = 12, ANSWERS_MAX = (PAGE - 8) / 136 };

void start_pci_drivers(void);

static struct device_info devices[DEVICES_MAX];
static uint32_t device_count;
static uint64_t next_id = 1;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

/* Only the first device of a message, and only what all devices have. */
static uint64_t register_device(uint64_t size)
{
    struct registration header;
    memcpy(&header, page, sizeof header);
    if (header.count == 0 || size < DEVICE_AT + sizeof *devices || device_count == DEVICES_MAX) {
        return 0;
    }
    struct device_info *device = &devices[device_count++];
    memcpy(device, page + DEVICE_AT, sizeof *device);
    device->device_id = next_id++;
    return device->device_id;
}

static uint64_t unregister_device(uint64_t size)
{
    uint64_t id;
    memcpy(&id, page + 4, sizeof id);
    for (uint32_t i = 0; size >= 16 && i < device_count; i++) {
        if (devices[i].device_id == id) {
            devices[i] = devices[--device_count];
            return 1;
        }
    }
    return 0;
}

static bool matches(const struct query *query, const struct device_info *device)
{
    switch (query->query) {
    case QUERY_BY_TYPE:
        return device->type == query->device_type;
    case QUERY_BY_ID:
        return device->device_id == query->id;
    case QUERY_CHILDREN:
        return device->parent_id == query->id;
    default:
        return query->query == QUERY_ALL;
    }
}

/* The answer overwrites the question in the sender's page. */
static uint64_t query_devices(uint64_t size)
{
    struct query query;
    if (size < sizeof query) {
        return 0;
    }
    memcpy(&query, page, sizeof query);
    struct query_response *response = (struct query_response *)page;
    uint32_t count = 0;
    for (uint32_t i = 0; i < device_count; i++) {
        if (matches(&query, &devices[i])) {
            if (count < ANSWERS_MAX) {
                response->devices[count] = devices[i];
            }
            count++;
        }
    }
    response->count = count;
    response->error = 0;
    return count > ANSWERS_MAX || count == 0 ? count : sizeof *response + count * sizeof *devices;
}

static uint64_t handle(uint64_t size)
{
    uint32_t type;
    memcpy(&type, page, sizeof type);
    switch (type) {
    case DEVICE_REGISTER:
        return register_device(size);
    case DEVICE_UNREGISTER:
        return unregister_device(size);
    case DEVICE_QUERY:
        return query_devices(size);
    default:
        return 0;
    }
}

int main(void)
{
    printf("\ndevman #f0re1gn [libanos #f0re1gn]\n");
    start_pci_drivers();
    const uint64_t channel = anos_create_channel().value;
    if (anos_register_channel_name(channel, "DEVMAN").type != OK) {
        printf("devman: the name is taken\n");
        return 1;
    }
    printf("devman: initialisation complete\n");
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(channel, &tag, &size, page);
        if (message.type != OK) {
            printf("devman: receive failed: %ld\n", message.type);
            return 1;
        }
        anos_reply_message(message.value, handle(size));
    }
}
