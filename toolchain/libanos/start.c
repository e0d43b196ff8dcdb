/*
 * From the kernel's stack image to main().
 *
 * The image (anos-abi 3.5) has capabilities and arguments but no auxiliary
 * vector, and no NULL behind argv. An environment, which is ours, is somewhere
 * else; one of the pairs has its address. The C library wants all of them in one
 * block, so we build that block on our own frame, which never returns.
 */
#include "internal.h"

#include <anos/abi.h>
#include <elf.h>

uint64_t __syscall_capabilities[ANOS_CAPABILITY_SLOTS];

struct stack_image {
    uint64_t capability_count;
    const uint64_t *capabilities; /* pairs: call id, cookie */
    uint64_t argument_count;
    const uint64_t *arguments;
};

int main(int argc, char **argv);
int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void),
                      void (*)(void));

HIDDEN void __anos_start(const struct stack_image *image)
{
    for (uint64_t i = 0; i < image->capability_count; i++) {
        const uint64_t id = image->capabilities[2 * i];
        if (id < ANOS_CAPABILITY_SLOTS) {
            __syscall_capabilities[id] = image->capabilities[2 * i + 1];
        }
    }

    const uint64_t count = image->argument_count;
    const uint64_t random[2] = {
        (uint64_t)image * 0x9e3779b97f4a7c15, /* the allocator's check value, not a secret */
        __syscall_capabilities[ANOS_SYS_DEBUG_PRINT],
    };
    const uint64_t *const environment =
        (const uint64_t *)__syscall_capabilities[ANOS_CAP_ENVIRONMENT];
    uint64_t environment_count = 0;
    while (environment != NULL && environment[environment_count] != 0) {
        environment_count++;
    }
    uint64_t block[count + environment_count + 8];
    uint64_t *next = block;
    for (uint64_t i = 0; i < count; i++) {
        *next++ = image->arguments[i];
    }
    *next++ = 0; /* end of argv */
    for (uint64_t i = 0; i < environment_count; i++) {
        *next++ = environment[i];
    }
    *next++ = 0; /* end of the environment */
    *next++ = AT_PAGESZ;
    *next++ = ANOS_PAGE_BYTES;
    *next++ = AT_RANDOM;
    *next++ = (uint64_t)random;
    *next++ = AT_NULL;
    *next++ = 0;
    __libc_start_main(main, (int)count, (char **)block, 0, 0, 0);
}
