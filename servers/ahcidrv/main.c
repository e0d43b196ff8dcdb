/*
 * ahcidrv: the driver of one AHCI controller and of all its disks.
 *
 *   boot:/ahcidrv.elf REGISTERS CONFIG PARENT
 *
 * The physical addresses of the registers and of the configuration page are in
 * hex, the number of the PCI function in DEVMAN's registry is decimal
 * (anos-abi 9.4).
 *
 * Every disk has a channel and a thread that takes in its requests, since a thread
 * can receive on one channel only. The controller has one interrupt for all ports:
 * the main thread waits for it, and answers what has ended. A watchdog deals with
 * errors, and with interrupts and commands that do not come to their end. Optical
 * drives are left alone.
 */
#include "controller.h"
#include "devman.h"
#include "disk.h"
#include "service.h"
#include "supervised.h"
#include "watch.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <inttypes.h>
#include <pthread.h>
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
        if (ports >> index & 1 && supervised_generation() > 1) {
            port_wake(&controller.registers->port[index]);
        }
        if (!(ports >> index & 1) || !has_disk(index) ||
            !port_open(&disk->port, &controller, index) || !disk_identify(disk)) {
            continue;
        }
        disk->channel = supervised_channel(index);
        if (disk->channel != 0) {
            disk_count++;
        } else {
            printf("ahcidrv: no channel for the disk at port %u\n", index);
        }
    }
}

/* Register the disks, each when there is somebody to serve it. */
static void serve_disks(uint64_t controller_id)
{
    const uint32_t shares_begin = (uint32_t)supervised_generation() << SHARE_GENERATION_SHIFT;
    for (unsigned i = 0; i < disk_count; i++) {
        struct disk *const disk = &disks[i];
        queue_open(&disk->queue, &disk->port, &disk->shares, disk->queue_depth);
        disk->shares.count = shares_begin;
        if (anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, service_run, disk) == 0) {
            devman_register_disk(disk, controller_id);
        } else {
            printf("ahcidrv: no thread for the disk at port %u\n", disk->port.index);
        }
    }
}

/* Hear of the ends of commands, as long as there are interrupts. */
static _Noreturn void run(void)
{
    while (controller_wait(&controller)) {
        const uint32_t ports =
            disk_count == 1 ? UINT32_MAX : controller.registers->interrupt_status;
        for (unsigned i = 0; i < disk_count; i++) {
            if (ports >> disks[i].port.index & 1) {
                queue_end(&disks[i].queue);
            }
        }
    }
    pthread_exit(NULL);
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
    anos_create_region(CLIENT_WINDOWS, CLIENT_WINDOWS_END, ANOS_REGION_AUTOMAP);
    serve_disks(controller_id);
    if (!watch_start(disks, disk_count)) {
        printf("ahcidrv: no thread for the watchdog; what gets lost stays so\n");
    }
    run();
}
