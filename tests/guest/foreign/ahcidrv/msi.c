/* One interrupt vector for a port, by the function's MSI capability (anos-abi 7.1, 9.4). */
#include "ahci.h"
#include "anos.h"

enum { STATUS_AT = 0x04, LIST_AT = 0x34, HAS_LIST = 1 << 20, MSI_ID = 0x05 };
enum { MSI_ENABLE = 1 << 16, MSI_64BIT = 1 << 23 };

/* Where the MSI capability is, 0 if there is none. */
unsigned find_msi(void)
{
    if (!(config_read(STATUS_AT) & HAS_LIST)) {
        return 0;
    }
    unsigned at = config_read(LIST_AT) & 0xfc;
    for (int i = 0; at != 0 && i < 48; i++) {
        const uint32_t header = config_read(at);
        if ((header & 0xff) == MSI_ID) {
            return at;
        }
        at = header >> 8 & 0xfc;
    }
    return 0;
}

bool enable_msi(unsigned capability, struct port *port)
{
    uint64_t address;
    uint32_t data;
    const uint32_t faked_bdf = 0x010000 | port->number << 3;
    const struct result made = anos_alloc_interrupt_vector(faked_bdf, &address, &data);
    if (made.type != OK) {
        return false;
    }
    port->vector = (uint8_t)made.value;
    const uint32_t control = config_read(capability) & ~(uint32_t)MSI_ENABLE;
    const unsigned data_at = capability + (control & MSI_64BIT ? 0x0c : 0x08);
    config_write(capability, control);
    config_write(capability + 4, (uint32_t)address);
    if (control & MSI_64BIT) {
        config_write(capability + 8, (uint32_t)(address >> 32));
    }
    config_write(data_at, (config_read(data_at) & 0xffff0000) | data);
    config_write(capability, control | MSI_ENABLE);
    return true;
}
