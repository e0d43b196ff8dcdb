/* Device records and the messages of DEVMAN and the block drivers (anos-abi 9.1, 9.2, 9.4). */
#pragma once

#include <stdint.h>

enum { DEVICE_REGISTER = 1, DEVICE_UNREGISTER, DEVICE_QUERY };
enum { QUERY_BY_TYPE = 1, QUERY_BY_ID, QUERY_ALL, QUERY_CHILDREN };
enum { DEVICE_PCI = 1, DEVICE_STORAGE_CONTROLLER, DEVICE_STORAGE };
enum { HARDWARE_UNKNOWN, HARDWARE_AHCI, HARDWARE_NVME, HARDWARE_IDE, HARDWARE_USB };
enum { CAN_READ = 1, CAN_WRITE = 2 };

struct device_info {
    uint64_t device_id, parent_id;
    uint32_t type, hardware, capabilities;
    char name[64], driver[32];
    uint64_t driver_channel;
};
_Static_assert(sizeof(struct device_info) == 136, "anos-abi 9.1");

struct storage_device {
    struct device_info base;
    uint64_t sectors;
    uint32_t sector_size;
    char model[64], serial[32];
};
_Static_assert(sizeof(struct storage_device) == 248, "anos-abi 9.1");

struct pci_device {
    struct device_info base;
    uint16_t vendor, device;
    uint8_t bus, slot, function, class_code, subclass, interface;
    uint64_t config;
};
_Static_assert(sizeof(struct pci_device) == 160, "anos-abi 9.1");

/* The device follows at once, at offset 12, wherever that aligns. */
struct registration {
    uint32_t type, device_type, count;
};

struct query {
    uint32_t type, query, device_type, pad;
    uint64_t id;
};
_Static_assert(sizeof(struct query) == 24, "anos-abi 9.1");

struct query_response {
    uint32_t count, error;
    struct device_info devices[];
};

enum { STORAGE_READ = 1, STORAGE_WRITE, STORAGE_INFO, STORAGE_FLUSH };

struct storage_message {
    uint32_t type, pad;
    uint64_t sector;
    uint32_t count, reserved;
    uint8_t data[];
};
_Static_assert(sizeof(struct storage_message) == 24, "anos-abi 9.4");
