/*
 * SYSTEM: the first process. It holds every right and starts everything else.
 *
 * Its threads are the RAMFS, the VFS, the process manager, the filesystem starter
 * and one that hears of children's ends; main starts them, then what the boot
 * config names, and ends.
 */
#include "boot.h"
#include "children.h"
#include "mounts.h"
#include "process.h"
#include "process_control.h"
#include "ramfs.h"
#include "service.h"
#include "starter.h"
#include "supervisor.h"
#include "vfs.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void greet(void)
{
    struct anos_mem_info memory;
    printf("SYSTEM of anos-sim [libanos, calls up to %d]\n", ANOS_LAST_SYSNO);
    if (anos_get_mem_info(&memory).type == ANOS_OK) {
        printf("%llu / %llu bytes of memory used / free\n",
               (unsigned long long)(memory.total_bytes - memory.free_bytes),
               (unsigned long long)memory.free_bytes);
    }
}

/* Nothing works without the services: say so and switch the machine off. */
static void require(bool condition, const char *what)
{
    if (!condition) {
        printf("SYSTEM: cannot start: %s\n", what);
        anos_power(ANOS_POWER_OFF, EXIT_FAILURE);
    }
}

/* Start a service on a channel of its own, with a name where it has one; returns the channel. */
static uint64_t start_service(void *(*serve)(void *), const char *name)
{
    const struct anos_result channel = anos_create_channel();
    require(channel.type == ANOS_OK, "no channel");
    require(name == NULL || anos_register_channel_name(channel.value, name).type == ANOS_OK,
            "a service's name is taken");
    require(anos_thread_start(ANOS_CLASS_REALTIME, STACK_BYTES, serve,
                              (void *)channel.value) == 0,
            "no thread for a service");
    return channel.value;
}

int main(void)
{
    greet();
    const uint64_t ramfs = start_service(ramfs_serve, NULL);
    require(mounts_add(RAMFS_MOUNT, ramfs), "the RAMFS is not mounted");
    require(children_begin(), "nobody would hear of the end of a program");
    require(anos_thread_start(ANOS_CLASS_REALTIME, STACK_BYTES, children_reap, NULL) == 0,
            "no thread to hear of the end of programs");
    start_service(vfs_serve, VFS_NAME);
    const uint64_t processes = start_service(process_serve, PROCESS_NAME);
    require(process_control_open(processes), "nobody could look at processes");
    supervisor_open(processes);
    require(anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, starter_run, NULL) == 0,
            "no thread for the filesystem starter");
    boot_run();
    printf("SYSTEM: initialisation is complete\n");
    pthread_exit(NULL); /* a return would end the services too */
}
