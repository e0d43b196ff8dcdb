/* Pages come from chunks, and a chunk without a used page goes back to the machine. */
#include "pages.h"

#include <string.h>

#define ALL_PAGES UINT64_MAX /* a bit for each of CHUNK_PAGES */

struct chunk {
    uint8_t *pages; /* NULL: not there */
    uint64_t used;  /* a bit by page */
    uint32_t fresh; /* pages from here on have never been used, so they are zero */
};

static struct chunk chunks[CHUNKS_MAX];
static uint8_t *begin;           /* of the first one's pages */
static uint32_t first_with_room; /* no chunk before it has a free page */
static struct store *store;

/* Note that a chunk may be there: before it is, and behind its end. */
static void note(uint32_t index, bool is_there)
{
    uint64_t *const word = &store->chunks[index / 64];
    const uint64_t bit = UINT64_C(1) << index % 64;
    supervised_store(word, is_there ? *word | bit : *word & ~bit);
}

/* The first chunk from this one on that was noted; CHUNKS_MAX behind the last. */
static uint32_t next_noted(uint32_t index)
{
    while (index < CHUNKS_MAX && store->chunks[index / 64] >> index % 64 == 0) {
        index = (index / 64 + 1) * 64;
    }
    return index == CHUNKS_MAX
               ? index
               : index + (uint32_t)__builtin_ctzll(store->chunks[index / 64] >> index % 64);
}

/* It is there, with all pages free. */
static void add(uint32_t index, uint8_t *pages, uint32_t fresh)
{
    chunks[index] = (struct chunk){ pages, 0, fresh };
    begin = pages - (size_t)index * CHUNK_BYTES;
}

static bool get(uint32_t index)
{
    note(index, true);
    uint8_t *const pages = chunk_get(index);
    if (pages == NULL) {
        note(index, false);
        return false;
    }
    add(index, pages, 0);
    return true;
}

/* Give a chunk back if nobody uses it; the first one stays. */
static void put_if_unused(uint32_t index)
{
    if (chunks[index].used == 0 && index > 0) {
        chunks[index] = (struct chunk){ 0 };
        chunk_put(index);
        note(index, false);
    }
}

bool pages_open(struct store *found)
{
    store = found;
    for (uint32_t i = next_noted(0); i < CHUNKS_MAX; i = next_noted(i + 1)) {
        uint8_t *pages;
        if (!chunk_find(i, &pages)) {
            return false;
        }
        if (pages != NULL) {
            add(i, pages, CHUNK_PAGES);
        } else {
            note(i, false);
        }
    }
    return true;
}

void *pages_take(void)
{
    while (first_with_room < CHUNKS_MAX && chunks[first_with_room].used == ALL_PAGES) {
        first_with_room++;
    }
    const uint32_t index = first_with_room;
    if (index == CHUNKS_MAX || (chunks[index].pages == NULL && !get(index))) {
        return NULL;
    }
    struct chunk *const chunk = &chunks[index];
    const uint32_t number = (uint32_t)__builtin_ctzll(~chunk->used);
    uint8_t *const page = chunk->pages + (size_t)number * POOL_PAGE_BYTES;
    chunk->used |= UINT64_C(1) << number;
    if (number >= chunk->fresh) {
        chunk->fresh = number + 1;
        return page;
    }
    return memset(page, 0, POOL_PAGE_BYTES);
}

void pages_return(void *page)
{
    const size_t number = (size_t)((uint8_t *)page - begin) / POOL_PAGE_BYTES;
    const uint32_t index = (uint32_t)(number / CHUNK_PAGES);
    chunks[index].used &= ~(UINT64_C(1) << number % CHUNK_PAGES);
    put_if_unused(index);
    first_with_room = index < first_with_room ? index : first_with_room;
}

bool pages_has(const void *page)
{
    const uintptr_t offset = (uintptr_t)page - (uintptr_t)begin;
    return offset / CHUNK_BYTES < CHUNKS_MAX && chunks[offset / CHUNK_BYTES].pages != NULL &&
           offset % POOL_PAGE_BYTES == 0;
}

bool pages_claim(void *page)
{
    const uintptr_t offset = (uintptr_t)page - (uintptr_t)begin;
    const uint64_t bit = UINT64_C(1) << offset / POOL_PAGE_BYTES % CHUNK_PAGES;
    if (!pages_has(page) || chunks[offset / CHUNK_BYTES].used & bit) {
        return false;
    }
    chunks[offset / CHUNK_BYTES].used |= bit;
    return true;
}

void pages_settle(void)
{
    for (uint32_t i = next_noted(0); i < CHUNKS_MAX; i = next_noted(i + 1)) {
        put_if_unused(i);
    }
}
