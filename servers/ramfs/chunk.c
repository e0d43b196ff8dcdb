/*
 * Chunks are memory objects: the kernel takes their frames aside at once, so using
 * them cannot fail later. Some memory is left for others, as SYSTEM does. SYSTEM keeps
 * each chunk for a successor, under its number and 1.
 */
#include "chunk.h"

#include "supervised.h"

#include <anos/abi.h>

#define BASE UINT64_C(0x500000000) /* where the first one is */
#define STORE_WINDOW (BASE - ANOS_PAGE_BYTES)
#define RESERVE_BYTES (4 << 20)

static uint64_t objects[CHUNKS_MAX];
static bool is_kept; /* does anything outlive us? */

void *chunk_open(void)
{
    is_kept = supervised_memory(STORE_WINDOW, ANOS_PAGE_BYTES);
    return is_kept ? (void *)STORE_WINDOW : NULL;
}

static bool map(uint32_t index)
{
    const uint64_t place = BASE + (uint64_t)index * CHUNK_BYTES;
    return anos_map_memory(objects[index], place, 0, CHUNK_BYTES,
                           ANOS_MAP_READ | ANOS_MAP_WRITE).type == ANOS_OK;
}

uint8_t *chunk_get(uint32_t index)
{
    struct anos_mem_info memory;
    if (anos_get_mem_info(&memory).type != ANOS_OK ||
        memory.free_bytes < CHUNK_BYTES + RESERVE_BYTES) {
        return NULL;
    }
    const struct anos_result object = anos_create_memory(CHUNK_BYTES);
    if (object.type != ANOS_OK) {
        return NULL;
    }
    objects[index] = object.value;
    if (!map(index)) {
        anos_drop(object.value);
        return NULL;
    }
    if (is_kept && !supervised_keep(index + 1, object.value)) {
        chunk_put(index);
        return NULL;
    }
    return (uint8_t *)(BASE + (uint64_t)index * CHUNK_BYTES);
}

bool chunk_find(uint32_t index, uint8_t **pages)
{
    objects[index] = supervised_kept(index + 1);
    *pages = objects[index] == 0 ? NULL : (uint8_t *)(BASE + (uint64_t)index * CHUNK_BYTES);
    return *pages == NULL || map(index);
}

void chunk_put(uint32_t index)
{
    anos_unmap_virtual(CHUNK_BYTES, BASE + (uint64_t)index * CHUNK_BYTES);
    if (is_kept) {
        supervised_keep(index + 1, 0);
    }
    anos_drop(objects[index]);
}
