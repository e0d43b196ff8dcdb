/* Memory objects that clients share with us, so that much data needs few messages. */
#ifndef SHARE_H
#define SHARE_H

#include <stddef.h>
#include <stdint.h>

#define SHARE_GENERATION_SHIFT 16 /* numbers of a driver begin with its generation << this */
#define SHARES_MAX 4 /* of a disk; one more takes the place of the oldest */

struct share {
    uint64_t memory; /* our capability; 0: none */
    uint32_t number; /* as the client names it */
    uint32_t page_count;
    uint8_t *pages;
};

struct shares {
    uint32_t count; /* number of the last one; no predecessor has used it, and no successor will */
    struct share table[SHARES_MAX];
};

/* Where objects and messages appear: whatever a client takes away there reads as zeros. */
#define CLIENT_WINDOWS UINT64_C(0x300000000)
#define CLIENT_WINDOWS_END UINT64_C(0x480000000)

/*
 * Map the memory object that the sender of `message` holds as `memory`, for disk
 * `disk`. Answers its number, or 0 if we cannot have it.
 */
uint32_t share_add(struct shares *shares, unsigned disk, uint64_t message, uint64_t memory,
                   uint32_t page_count);

/* A page of an object, or NULL if there is no such object or page. */
uint8_t *share_page(const struct shares *shares, uint32_t number, uint32_t page);

#endif
