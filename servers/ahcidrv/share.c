/* Each disk has windows of its own, one for each object. */
#include "share.h"

#include "block.h"

#include <anos/abi.h>

#define WINDOWS UINT64_C(0x400000000)
#define WINDOW_BYTES ((uint64_t)BLOCK_SHARED_PAGES_MAX * ANOS_PAGE_BYTES)

uint32_t share_add(struct shares *shares, unsigned disk, uint64_t message, uint64_t memory,
                   uint32_t page_count)
{
    const unsigned place = shares->count % SHARES_MAX;
    struct share *const share = &shares->table[place];
    const uint64_t window = WINDOWS + (disk * SHARES_MAX + place) * WINDOW_BYTES;
    const uint64_t bytes = (uint64_t)page_count * ANOS_PAGE_BYTES;
    if (page_count == 0 || page_count > BLOCK_SHARED_PAGES_MAX) {
        return 0;
    }
    const struct anos_result taken =
        anos_take(message, memory, ANOS_RIGHT_READ | ANOS_RIGHT_WRITE);
    if (taken.type != ANOS_OK) {
        return 0;
    }
    if (share->memory != 0) {
        anos_unmap_virtual((uint64_t)share->page_count * ANOS_PAGE_BYTES, window);
        anos_drop(share->memory);
        share->memory = 0;
    }
    if (anos_map_memory(taken.value, window, 0, bytes, ANOS_MAP_READ | ANOS_MAP_WRITE).type !=
        ANOS_OK) {
        anos_drop(taken.value);
        return 0;
    }
    *share = (struct share){ taken.value, ++shares->count, page_count, (uint8_t *)window };
    return share->number;
}

uint8_t *share_page(const struct shares *shares, uint32_t number, uint32_t page)
{
    for (unsigned i = 0; i < SHARES_MAX; i++) {
        const struct share *const share = &shares->table[i];
        if (share->memory != 0 && share->number == number && page < share->page_count) {
            return share->pages + (size_t)page * ANOS_PAGE_BYTES;
        }
    }
    return NULL;
}
