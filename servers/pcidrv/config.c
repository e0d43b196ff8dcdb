/*
 * The boot config's drivers (<anos/boot_config.h>), read over the file protocol.
 *
 * An entry has less than a page, so one message brings it whole.
 */
#include "config.h"

#include "file_client.h"

#include <anos/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DRIVERS_MAX 64

static struct anos_boot_entry drivers[DRIVERS_MAX];
static unsigned driver_count;

/* Bytes of the config from `offset` on, in the page; less than a page only at its end. */
static size_t load(uint64_t files, uint64_t offset, struct file_load *page)
{
    page->offset = offset;
    strcpy(page->path, ANOS_BOOT_CONFIG_PATH);
    const size_t bytes = offsetof(struct file_load, path) + sizeof ANOS_BOOT_CONFIG_PATH;
    const struct anos_result loaded = anos_send_message(files, FILE_LOAD, bytes, page);
    return loaded.type == ANOS_OK ? loaded.value : 0;
}

/* Keep an entry if it is a driver's; false if there are too many. */
static bool keep(const struct anos_boot_entry *entry)
{
    if (entry->driver.match == ANOS_BOOT_NO_MATCH) {
        return true;
    }
    if (driver_count == DRIVERS_MAX) {
        printf("pcidrv: the boot config has more than %u drivers; the rest are not used\n",
               DRIVERS_MAX);
        return false;
    }
    drivers[driver_count++] = *entry;
    return true;
}

void config_read(void)
{
    static _Alignas(ANOS_PAGE_BYTES) union {
        uint8_t bytes[ANOS_PAGE_BYTES];
        struct file_load request;
        struct anos_boot_config config;
        struct anos_boot_entry entry;
    } page;
    const uint64_t files = file_system(ANOS_BOOT_CONFIG_PATH, &page);
    const size_t header_bytes = sizeof page.config;
    if (files == 0 || load(files, 0, &page.request) < header_bytes ||
        page.config.magic != ANOS_BOOT_MAGIC || page.config.version != ANOS_BOOT_VERSION ||
        page.config.entry_bytes != sizeof page.entry) {
        printf("pcidrv: there is no %s of version %u to say which drivers to start\n",
               ANOS_BOOT_CONFIG_PATH, ANOS_BOOT_VERSION);
        return;
    }
    const uint32_t count = page.config.entry_count;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t offset = header_bytes + i * sizeof page.entry;
        if (load(files, offset, &page.request) < sizeof page.entry) {
            printf("pcidrv: %s is cut short after %llu of %u programs\n", ANOS_BOOT_CONFIG_PATH,
                   (unsigned long long)i, count);
            return;
        }
        if (!keep(&page.entry)) {
            return;
        }
    }
}

static bool is_device(const struct anos_boot_driver *driver, const struct function *function)
{
    return driver->match == ANOS_BOOT_MATCH_DEVICE && driver->vendor == function->vendor_id &&
           driver->device == function->device_id;
}

static bool has_class(const struct anos_boot_driver *driver, const struct function *function)
{
    return driver->match == ANOS_BOOT_MATCH_CLASS &&
           driver->class_code == function->class_code &&
           driver->subclass == function->subclass && driver->interface == function->interface;
}

const struct anos_boot_entry *config_find(const struct function *function)
{
    const struct anos_boot_entry *found = NULL;
    for (unsigned i = 0; i < driver_count; i++) {
        if (is_device(&drivers[i].driver, function)) {
            return &drivers[i];
        }
        if (found == NULL && has_class(&drivers[i].driver, function)) {
            found = &drivers[i];
        }
    }
    return found;
}
