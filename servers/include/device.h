/*
 * The device registry's protocol, on the channel named "DEVMAN" (anos-abi 9.1, 9.2).
 *
 * The message's tag says nothing; the body begins with a u32 that does:
 *
 *   DEVICE_REGISTER    struct device_registration     -> the device's new id
 *   DEVICE_UNREGISTER  struct device_removal          -> 1
 *   DEVICE_QUERY       struct device_query            -> bytes of the answer, a struct
 *                                                        device_answer in the same page
 *
 * An answer of 0, which arrives as ANOS_FAILURE, says: nothing found, the table
 * is full, the sender does not hold a `channel` that it registers, or a bad
 * request. Several devices are registered by one message together or not at
 * all; their ids follow each other. Ids begin with 1 and are never used again.
 *
 * Anos's clients know the first four kinds of query, which answer with what all
 * devices have. QUERY_NEXT is ours and answers one device with all of it, in a
 * struct device_details: the first of `type` (DEVICE_UNKNOWN: of any) whose id
 * is at least `id`. So one can walk through more devices than a page holds; the
 * other kinds answer only how many there are then, without any of them.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stddef.h>
#include <stdint.h>

#define DEVMAN_NAME "DEVMAN"

enum device_message {
    DEVICE_REGISTER = 1,
    DEVICE_UNREGISTER = 2,
    DEVICE_QUERY = 3,
};

enum device_type {
    DEVICE_UNKNOWN = 0,
    DEVICE_PCI = 1,
    DEVICE_STORAGE_CONTROLLER = 2,
    DEVICE_STORAGE = 3,
    DEVICE_NETWORK = 4,
    DEVICE_DISPLAY = 5,
};

enum device_hardware {
    HARDWARE_UNKNOWN = 0,
    HARDWARE_AHCI = 1,
    HARDWARE_NVME = 2,
    HARDWARE_IDE = 3,
    HARDWARE_USB = 4,
};

enum device_query_kind {
    QUERY_BY_TYPE = 1,
    QUERY_BY_ID = 2,
    QUERY_ALL = 3,
    QUERY_CHILDREN = 4,
    QUERY_NEXT = 64,
};

enum device_ability {
    DEVICE_CAN_READ = 1 << 0,
    DEVICE_CAN_WRITE = 1 << 1,
    DEVICE_HOTPLUG = 1 << 2,
    DEVICE_REMOVABLE = 1 << 3,
    DEVICE_CAN_TRIM = 1 << 4,
};

/*
 * What all devices have. `channel` is a cookie of who reads it, 0 if there is no
 * driver. `parent_id` is the device it hangs on, 0 if there is none.
 */
struct device_info {
    uint64_t id;
    uint64_t parent_id;
    uint32_t type;
    uint32_t hardware;
    uint32_t abilities;
    char name[64];
    char driver[32];
    uint32_t reserved_124;
    uint64_t channel;
};

struct storage_device_info {
    struct device_info base;
    uint64_t sector_count;
    uint32_t sector_bytes;
    char model[64];
    char serial[32];
    uint32_t reserved_244;
};

struct pci_device_info {
    struct device_info base;
    uint16_t vendor_id, device_id;
    uint8_t bus, device, function;
    uint8_t class_code, subclass, interface;
    uint8_t reserved_146[6];
    uint64_t config_physical;
};

/* A device with all of it; which member it is follows from `info.type`. */
union device_record {
    struct device_info info;
    struct storage_device_info storage;
    struct pci_device_info pci;
};

/* Bytes of a record of this type. */
static inline size_t device_record_bytes(uint32_t type)
{
    switch (type) {
    case DEVICE_PCI:
        return sizeof(struct pci_device_info);
    case DEVICE_STORAGE:
        return sizeof(struct storage_device_info);
    default:
        return sizeof(struct device_info);
    }
}

/*
 * Behind it come `count` records of the type's size, from byte 12 on. The last
 * one may end with its struct device_info; the rest of it is 0 then.
 */
struct device_registration {
    uint32_t message;
    uint32_t type;
    uint32_t count;
};

#define DEVICE_REMOVAL_BYTES_MIN 16 /* of the message, though 12 of them say it all */

struct device_removal {
    uint32_t message;
    uint64_t id;
} __attribute__((packed));

struct device_query {
    uint32_t message;
    uint32_t kind;
    uint32_t type; /* for QUERY_BY_TYPE and QUERY_NEXT */
    uint32_t reserved_12;
    uint64_t id; /* for QUERY_BY_ID, QUERY_CHILDREN (of whom) and QUERY_NEXT */
};

#define DEVICE_ANSWER_MAX 30 /* as many devices as fit into a page */

struct device_answer {
    uint32_t count;
    uint32_t error;
    struct device_info devices[DEVICE_ANSWER_MAX];
};

struct device_details {
    uint32_t count; /* 1 */
    uint32_t error;
    union device_record device;
};

_Static_assert(offsetof(struct device_info, name) == 28, "name");
_Static_assert(offsetof(struct device_info, driver) == 92, "driver");
_Static_assert(offsetof(struct device_info, channel) == 128, "channel");
_Static_assert(sizeof(struct device_info) == 136, "device_info");
_Static_assert(offsetof(struct storage_device_info, model) == 148, "model");
_Static_assert(offsetof(struct storage_device_info, serial) == 212, "serial");
_Static_assert(sizeof(struct storage_device_info) == 248, "storage_device_info");
_Static_assert(offsetof(struct pci_device_info, class_code) == 143, "class_code");
_Static_assert(offsetof(struct pci_device_info, config_physical) == 152, "config_physical");
_Static_assert(sizeof(struct pci_device_info) == 160, "pci_device_info");
_Static_assert(sizeof(struct device_registration) == 12, "device_registration");
_Static_assert(offsetof(struct device_removal, id) == 4, "id");
_Static_assert(sizeof(struct device_query) == 24, "device_query");
_Static_assert(offsetof(struct device_details, device) == 8, "device");
_Static_assert(sizeof(struct device_answer) == 8 + 136 * DEVICE_ANSWER_MAX, "device_answer");

#endif
