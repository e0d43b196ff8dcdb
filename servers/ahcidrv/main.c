/*
 * ahcidrv: the driver of one AHCI controller and of all its disks.
 *
 *   boot:/ahcidrv.elf REGISTERS CONFIG PARENT
 *
 * The physical addresses of the registers and of the configuration page are in
 * hex, the number of the PCI function in DEVMAN's registry is decimal
 * (anos-abi 9.4).
 *
 * Every disk has a channel and a thread of its own, since a thread can receive
 * on one channel only: the main thread has the first disk, so a controller with
 * one disk needs no thread. The controller has one interrupt for all ports, and
 * an interrupt wakes one thread, so that threads who wait together would wake
 * for each other's commands and miss their own. Hence the controller runs one
 * command at a time, and a lock makes the thread that issued it the only one
 * that waits. Optical drives are left alone.
 */
#include "controller.h"
#include "devman.h"
#include "disk.h"
#include "service.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENT_COUNT 4
#define STACK_BYTES 0x10000

static struct controller controller;
static struct disk disks[AHCI_PORTS_MAX];
static unsigned disk_count;

/* Whether a disk is plugged into a port; what else is there gets a line. */
static bool has_disk(unsigned index)
{
    const struct port_registers *const port = &controller.registers->port[index];
    if ((port->link_status & LINK_DETECTION) != LINK_PRESENT) {
        return false;
    }
    const uint32_t signature = port->signature;
    if (signature == SIGNATURE_ATAPI) {
        printf("ahcidrv: optical drive at port %u, left alone\n", index);
    } else if (signature != SIGNATURE_DISK) {
        printf("ahcidrv: no disk at port %u but 0x%08" PRIx32 ", left alone\n", index, signature);
    }
    return signature == SIGNATURE_DISK;
}

/* Open every disk, in the order of the ports. */
static void find_disks(void)
{
    const uint32_t ports = controller.registers->ports;
    for (unsigned index = 0; index < AHCI_PORTS_MAX; index++) {
        struct disk *const disk = &disks[disk_count];
        if (!(ports >> index & 1) || !has_disk(index) ||
            !port_open(&disk->port, &controller, index) || !disk_identify(disk)) {
            continue;
        }
        const struct anos_result channel = anos_create_channel();
        disk->channel = channel.value;
        if (channel.type == ANOS_OK) {
            disk_count++;
        } else {
            printf("ahcidrv: no channel for the disk at port %u\n", index);
        }
    }
}

static void *serve(void *disk)
{
    service_run(disk);
    return NULL;
}

/* Register the disks, each when there is somebody to serve it, and serve the first. */
static void serve_disks(uint64_t controller_id)
{
    devman_register_disk(&disks[0], controller_id);
    for (unsigned i = 1; i < disk_count; i++) {
        if (anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, serve, &disks[i]) == 0) {
            devman_register_disk(&disks[i], controller_id);
        } else {
            printf("ahcidrv: no thread for the disk at port %u\n", disks[i].port.index);
        }
    }
    service_run(&disks[0]);
}

int main(int argc, char **argv)
{
    if (argc != ARGUMENT_COUNT) {
        printf("ahcidrv: usage: ahcidrv REGISTERS (hex) CONFIG (hex) PARENT\n");
        return 1;
    }
    const uint64_t registers = strtoull(argv[1], NULL, 16);
    const uint64_t config = strtoull(argv[2], NULL, 16);
    const uint64_t parent_id = strtoull(argv[3], NULL, 10);
    printf("ahcidrv of anos-sim @ AHCI 0x%" PRIx64 ", PCI 0x%" PRIx64 ", Parent %" PRIu64 "\n",
           registers, config, parent_id);
    if (!devman_find() || !controller_open(&controller, registers, config)) {
        return 1;
    }
    const uint64_t controller_id = devman_register_controller(parent_id);
    find_disks();
    if (disk_count == 0) {
        printf("ahcidrv: no disk; the driver exits\n");
        return 0;
    }
    serve_disks(controller_id);
    return 1;
}
