/* SYSTEM's parts (anos-abi 8). */
#pragma once

#include "anos.h"

/* VFS (8.4): prefixes with their colon, such as "boot:" */
enum { VFS_FIND = 1, VFS_REGISTER = 2, PREFIX_BYTES = 32 };

struct mount {
    char prefix[PREFIX_BYTES];
    uint64_t channel;
};
_Static_assert(sizeof(struct mount) == 40, "anos-abi 8.4");

/* The file protocol of the RAMFS (8.4) */
enum { FILE_SIZE = 1, FILE_LOAD = 2 };

struct file_request {
    uint64_t offset;
    char path[];
};

extern uint64_t vfs_channel, ramfs_channel, process_channel;

void vfs_thread(void);
bool vfs_register(const char *prefix, uint64_t channel);
void ramfs_thread(void);
void process_thread(void);
void starter_thread(void);
void float_thread_1(void);
void float_thread_2(void);

/* Start a service thread on a stack of its own; its sp is the stack's end less 8 (8.1). */
enum { THREAD_STACK_BYTES = 0x10000 };
void start_thread(void (*entry)(void), void *stack, uint8_t task_class);

/* process.c: create_process with SYSTEM's own pages and the loader as its entry (3.4) */
int64_t create_server(uint64_t stack_size, uint8_t task_class, unsigned capc,
                      const struct capability *pairs, unsigned argc, const char *const *argv);

/* stack.c: the image of 3.5. Returns the count of words, 0 if it cannot be built. */
unsigned build_stack(uint64_t *words, unsigned capc, const struct capability *pairs, unsigned argc,
                     const char *const *argv);

/* config.c: start what boot:/sysconf.json says (8.3) */
void start_boot_servers(void);

/* trampoline.S: where a child begins */
void child_trampoline(void);
