/* Whole pages of SYSTEM's own memory, zeroed, for what is mapped into others. */
#ifndef PAGES_H
#define PAGES_H

#include <anos/abi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

static inline uint64_t pages_round_up(uint64_t bytes)
{
    return (bytes + ANOS_PAGE_BYTES - 1) & -(uint64_t)ANOS_PAGE_BYTES;
}

/* NULL if there is no room. The pages appear when they are touched. */
static inline uint8_t *pages_get(size_t bytes)
{
    void *const pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

/* What they were mapped into keeps its frames. */
static inline void pages_put(uint8_t *pages, size_t bytes)
{
    if (pages != NULL) {
        munmap(pages, bytes);
    }
}

#endif
