/* Memory from the kernel, by the chunk: there is all of it, or none. */
#ifndef CHUNK_H
#define CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#define CHUNK_PAGES 64
#define CHUNK_BYTES (CHUNK_PAGES * 4096)
#define CHUNKS_MAX 4096 /* 1 GiB */

/*
 * Zeroed memory for chunk `index`; NULL if the machine has not enough. It is
 * CHUNK_BYTES behind where that of the one before is, or would be.
 */
uint8_t *chunk_get(uint32_t index);

/* Give a chunk back to the machine. */
void chunk_put(uint32_t index);

#endif
