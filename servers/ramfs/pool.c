/*
 * Pages come from chunks, and one without a used page goes back to the machine.
 * Objects have sizes in steps of OBJECT_STEP; a page that was cut up for a size stays
 * with it.
 */
#include "pool.h"

#include "chunk.h"

#include <string.h>

#define OBJECT_STEP 64
#define OBJECT_SIZES (POOL_OBJECT_BYTES_MAX / OBJECT_STEP)

/* What is free is a list through itself. */
struct spare {
    struct spare *next;
};

struct chunk {
    uint8_t *pages; /* NULL: not there */
    struct spare *spare;
    uint32_t fresh; /* pages from here on have never been used, so they are zero */
    uint32_t used;
};

static struct chunk chunks[CHUNKS_MAX];
static uint8_t *begin; /* of the first one's pages */
static uint32_t first_with_room; /* no chunk before it has a free page */
static struct spare *objects[OBJECT_SIZES];
static uint64_t used, limit;

void pool_limit(uint64_t bytes)
{
    limit = bytes;
}

uint64_t pool_used(void)
{
    return used;
}

/* A page, whether or not that is within the limit. */
static void *take_page(void)
{
    uint32_t index = first_with_room;
    while (index < CHUNKS_MAX && chunks[index].pages != NULL &&
           chunks[index].used == CHUNK_PAGES) {
        index++;
    }
    first_with_room = index;
    struct chunk *const chunk = &chunks[index];
    if (index == CHUNKS_MAX) {
        return NULL;
    }
    if (chunk->pages == NULL && (chunk->pages = chunk_get(index)) == NULL) {
        return NULL;
    }
    begin = chunk->pages - (size_t)index * CHUNK_BYTES;
    chunk->used++;
    if (chunk->spare == NULL) {
        return chunk->pages + (size_t)chunk->fresh++ * POOL_PAGE_BYTES;
    }
    void *const page = chunk->spare;
    chunk->spare = chunk->spare->next;
    return memset(page, 0, POOL_PAGE_BYTES);
}

static void return_page(void *page)
{
    const uint32_t index = (uint32_t)((size_t)((uint8_t *)page - begin) / CHUNK_BYTES);
    struct chunk *const chunk = &chunks[index];
    struct spare *const spare = page;
    spare->next = chunk->spare;
    chunk->spare = spare;
    if (--chunk->used == 0 && index > 0) { /* the first one stays */
        chunk_put(index);
        *chunk = (struct chunk){ 0 };
    }
    first_with_room = index < first_with_room ? index : first_with_room;
}

void *pool_page(void)
{
    void *const page = limit - used >= POOL_PAGE_BYTES ? take_page() : NULL;
    used += page != NULL ? POOL_PAGE_BYTES : 0;
    return page;
}

void pool_page_free(void *page)
{
    return_page(page);
    used -= POOL_PAGE_BYTES;
}

static size_t size_of(size_t bytes)
{
    return (bytes + OBJECT_STEP - 1) / OBJECT_STEP * OBJECT_STEP;
}

/* Cut up one more page; without one the list stays empty. */
static void cut_page(struct spare **list, size_t size)
{
    uint8_t *const page = take_page();
    for (size_t at = 0; page != NULL && at + size <= POOL_PAGE_BYTES; at += size) {
        struct spare *const spare = (struct spare *)(page + at);
        spare->next = *list;
        *list = spare;
    }
}

void *pool_object(size_t bytes)
{
    const size_t size = size_of(bytes);
    struct spare **const list = &objects[size / OBJECT_STEP - 1];
    if (limit - used < size) {
        return NULL;
    }
    if (*list == NULL) {
        cut_page(list, size);
    }
    struct spare *const object = *list;
    if (object == NULL) {
        return NULL;
    }
    *list = object->next;
    used += size;
    return memset(object, 0, size);
}

void pool_object_free(void *object, size_t bytes)
{
    const size_t size = size_of(bytes);
    struct spare **const list = &objects[size / OBJECT_STEP - 1];
    struct spare *const spare = object;
    spare->next = *list;
    *list = spare;
    used -= size;
}
