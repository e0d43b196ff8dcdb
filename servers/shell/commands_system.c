/* The machine: its clock, memory, log, devices. */
#include "builtins.h"
#include "device.h"
#include "log.h"

#include <anos/abi.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KIB 1024
#define MIB (1024 * 1024)

static int show_date(struct call *call)
{
    char text[64];
    const time_t now = time(NULL);
    struct tm calendar;
    if (now == -1 || gmtime_r(&now, &calendar) == NULL) {
        return command_fail(call, "the clock", errno);
    }
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &calendar);
    fprintf(call->out, "%s\n", text);
    return STATUS_OK;
}

static int uptime(struct call *call)
{
    const uint64_t ms = anos_clock(ANOS_CLOCK_UPTIME).value / 1000000;
    fprintf(call->out, "%" PRIu64 ".%03" PRIu64 " s\n", ms / 1000, ms % 1000);
    return STATUS_OK;
}

static int mem(struct call *call)
{
    struct anos_mem_info info;
    if (anos_get_mem_info(&info).type != ANOS_OK) {
        return command_fail(call, "the machine", EACCES);
    }
    fprintf(call->out, "%" PRIu64 " KiB, %" PRIu64 " KiB used, %" PRIu64 " KiB free\n",
            info.total_bytes / KIB, (info.total_bytes - info.free_bytes) / KIB,
            info.free_bytes / KIB);
    return STATUS_OK;
}

static int show_log(struct call *call)
{
    struct log_text *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    const uint64_t channel = anos_find_named_channel(LOG_NAME).value;
    struct anos_result answer = { .type = ANOS_FAILURE };
    uint64_t position = 0;
    if (page == NULL) {
        return command_fail(call, "the log", ENOMEM);
    }
    do {
        memcpy(page, &position, sizeof position);
        answer = anos_send_message(channel, LOG_READ, sizeof position, page);
        if (answer.type != ANOS_OK || answer.value > sizeof *page) {
            free(page);
            return command_fail(call, LOG_NAME, EIO);
        }
        fwrite(page->text, 1, answer.value - offsetof(struct log_text, text), call->out);
        position = page->next;
    } while (answer.value > offsetof(struct log_text, text) && !command_ends(call));
    free(page);
    return STATUS_OK;
}

/*
 * The first device of a type (DEVICE_UNKNOWN: of any) from an id on; NULL if there is none.
 * The answer's right to the device's channel is given up: nobody here asks the device.
 */
static const union device_record *next_device(uint64_t devman, uint32_t type, uint64_t id,
                                              void *page)
{
    const struct device_query query = {
        .message = DEVICE_QUERY,
        .kind = QUERY_NEXT,
        .type = type,
        .id = id,
    };
    memcpy(page, &query, sizeof query);
    const struct anos_result answer = anos_send_message(devman, 0, sizeof query, page);
    const struct device_details *const details = page;
    if (answer.type != ANOS_OK || details->count != 1) {
        return NULL;
    }
    if (details->device.info.channel != 0) {
        anos_drop(details->device.info.channel);
    }
    return &details->device;
}

static void show_device(FILE *out, const union device_record *device)
{
    const struct device_info *const info = &device->info;
    fprintf(out, "%3" PRIu64 " %6" PRIu64 "  %-10.32s  %.64s", info->id, info->parent_id,
            info->driver[0] != '\0' ? info->driver : "-", info->name);
    if (info->type == DEVICE_PCI) {
        const struct pci_device_info *const pci = &device->pci;
        fprintf(out, " (%04x:%04x at %02x:%02x.%x, class %02x/%02x/%02x)", pci->vendor_id,
                pci->device_id, pci->bus, pci->device, pci->function, pci->class_code,
                pci->subclass, pci->interface);
    }
    fputc('\n', out);
}

static void show_disk(FILE *out, const union device_record *device)
{
    const struct storage_device_info *const disk = &device->storage;
    fprintf(out, "%3" PRIu64 " %8" PRIu64 " MiB  %s  %.64s, serial number %.32s\n", disk->base.id,
            disk->sector_count * disk->sector_bytes / MIB,
            disk->base.abilities & DEVICE_CAN_WRITE ? "read, write" : "read       ", disk->model,
            disk->serial);
}

static int each_device(struct call *call, uint32_t type, const char *heading,
                       void (*show)(FILE *out, const union device_record *device))
{
    const uint64_t devman = anos_find_named_channel(DEVMAN_NAME).value;
    void *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    if (devman == 0 || page == NULL) {
        free(page);
        return command_fail(call, DEVMAN_NAME, page == NULL ? ENOMEM : ENXIO);
    }
    fputs(heading, call->out);
    const union device_record *device;
    for (uint64_t id = 0; !command_ends(call) &&
                          (device = next_device(devman, type, id, page)) != NULL;) {
        id = device->info.id + 1;
        show(call->out, device);
    }
    free(page);
    return STATUS_OK;
}

static int devices(struct call *call)
{
    return each_device(call, DEVICE_UNKNOWN, " ID PARENT  DRIVER      NAME\n", show_device);
}

static int disks(struct call *call)
{
    return each_device(call, DEVICE_STORAGE, " ID     SIZE      ACCESS       MODEL\n", show_disk);
}

const struct builtin system_builtins[] = {
    { "devices", "", "the devices that drivers have found", NULL, 0, 0, devices },
    { "disks", "", "the disks among them", NULL, 0, 0, disks },
    { "mem", "", "how much memory there is", NULL, 0, 0, mem },
    { "uptime", "", "how long the machine has been on", NULL, 0, 0, uptime },
    { "date", "", "the date and time", NULL, 0, 0, show_date },
    { "log", "", "the kernel's log, its last 64 KiB", "  log | grep mounted", 0, 0, show_log },
    { .name = NULL },
};
