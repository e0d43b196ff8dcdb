/* Memory from the kernel, by the chunk: there is all of it, or none. It outlives ramfs. */
#ifndef CHUNK_H
#define CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_PAGES 64
#define CHUNK_BYTES (CHUNK_PAGES * 4096)
#define CHUNKS_MAX 4096 /* 1 GiB */

/*
 * Before anything else: a page that outlives ramfs like its chunks, zeros at first; NULL if
 * nothing does.
 */
void *chunk_open(void);

/*
 * Zeroed memory for chunk `index`; NULL if the machine has not enough. It is
 * CHUNK_BYTES behind where that of the one before is, or would be.
 */
uint8_t *chunk_get(uint32_t index);

/*
 * Have the chunk that a predecessor got, at the same place and with what is in it; NULL in
 * `*pages` if there is none. False if there is one which cannot be had.
 */
bool chunk_find(uint32_t index, uint8_t **pages);

/* Give a chunk back to the machine. */
void chunk_put(uint32_t index);

#endif
