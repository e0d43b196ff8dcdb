/*
 * Chunks are memory objects: the kernel takes their frames aside at once, so using
 * them cannot fail later. Some memory is left for others, as SYSTEM does.
 */
#include "chunk.h"

#include <anos/abi.h>
#include <stddef.h>

#define BASE UINT64_C(0x500000000) /* where the first one is */
#define RESERVE_BYTES (4 << 20)

static uint64_t objects[CHUNKS_MAX];

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
    const uint64_t place = BASE + (uint64_t)index * CHUNK_BYTES;
    if (anos_map_memory(object.value, place, 0, CHUNK_BYTES, ANOS_MAP_READ | ANOS_MAP_WRITE)
            .type != ANOS_OK) {
        anos_drop(object.value);
        return NULL;
    }
    objects[index] = object.value;
    return (uint8_t *)place;
}

void chunk_put(uint32_t index)
{
    anos_unmap_virtual(CHUNK_BYTES, BASE + (uint64_t)index * CHUNK_BYTES);
    anos_drop(objects[index]);
}
