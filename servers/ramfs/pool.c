/*
 * Objects have sizes in steps of OBJECT_STEP; a page that was cut up for a size stays
 * with it. The pages of records are a list that outlives us.
 */
#include "pool.h"

#include <string.h>

#define OBJECT_STEP 64
#define OBJECT_SIZES (POOL_OBJECT_BYTES_MAX / OBJECT_STEP)

/* What is free is a list through itself. */
struct spare {
    struct spare *next;
};

/* The first OBJECT_STEP bytes of a page that is cut up. */
struct cut {
    struct cut *next; /* of records: the next page. Of others: the next that was claimed */
    uint64_t size;    /* of an object */
    uint64_t claimed; /* a bit by object, while a predecessor's are claimed */
};

static struct spare *objects[OBJECT_SIZES], *records;
static struct cut *claimed; /* pages of objects */
static struct store *store;
static uint64_t used, limit;

uint64_t pool_used(void)
{
    return used;
}

void *pool_page(void)
{
    void *const page = limit - used >= POOL_PAGE_BYTES ? pages_take() : NULL;
    used += page != NULL ? POOL_PAGE_BYTES : 0;
    return page;
}

void pool_page_free(void *page)
{
    pages_return(page);
    used -= POOL_PAGE_BYTES;
}

static size_t size_of(size_t bytes)
{
    return (bytes + OBJECT_STEP - 1) / OBJECT_STEP * OBJECT_STEP;
}

static void push(struct spare **list, void *object)
{
    struct spare *const spare = object;
    spare->next = *list;
    *list = spare;
}

/* Put the objects of a page that nobody has claimed on a list. */
static void push_unclaimed(struct spare **list, struct cut *page)
{
    for (size_t i = 0; OBJECT_STEP + (i + 1) * page->size <= POOL_PAGE_BYTES; i++) {
        if (!(page->claimed >> i & 1)) {
            push(list, (uint8_t *)page + OBJECT_STEP + i * page->size);
        }
    }
}

/* Cut up one more page, whether or not it is within the limit; NULL without one. */
static struct cut *cut_page(struct spare **list, size_t size)
{
    struct cut *const page = pages_take();
    if (page != NULL) {
        page->size = size;
        push_unclaimed(list, page);
    }
    return page;
}

/* The first of a list, zeroed. */
static void *pop(struct spare **list, size_t size)
{
    struct spare *const object = *list;
    *list = object->next;
    used += size;
    return memset(object, 0, size);
}

void *pool_object(size_t bytes)
{
    const size_t size = size_of(bytes);
    struct spare **const list = &objects[size / OBJECT_STEP - 1];
    if (limit - used < size || (*list == NULL && cut_page(list, size) == NULL)) {
        return NULL;
    }
    return pop(list, size);
}

void pool_object_free(void *object, size_t bytes)
{
    const size_t size = size_of(bytes);
    push(&objects[size / OBJECT_STEP - 1], object);
    used -= size;
}

void *pool_record(void)
{
    if (limit - used < POOL_RECORD_BYTES) {
        return NULL;
    }
    if (records == NULL) {
        struct cut *const page = cut_page(&records, POOL_RECORD_BYTES);
        if (page == NULL) {
            return NULL;
        }
        page->next = store->records;
        supervised_store(&store->records, page);
    }
    return pop(&records, POOL_RECORD_BYTES);
}

void pool_record_free(void *record)
{
    push(&records, record);
    used -= POOL_RECORD_BYTES;
}

/* ---- what a predecessor left ---- */

static struct cut *page_of(const void *object)
{
    return (struct cut *)((uintptr_t)object & -(uintptr_t)POOL_PAGE_BYTES);
}

bool pool_open(struct store *found, uint64_t most)
{
    store = found;
    limit = most;
    if (!pages_open(found)) {
        return false;
    }
    for (struct cut *page = store->records; page != NULL; page = page->next) {
        pages_claim(page);
        page->claimed = 0;
    }
    return true;
}

void *pool_next_record(const void *record)
{
    const struct cut *page = page_of(record);
    uintptr_t next = (uintptr_t)record % POOL_PAGE_BYTES + POOL_RECORD_BYTES;
    if (record == NULL || next + POOL_RECORD_BYTES > POOL_PAGE_BYTES) {
        page = record == NULL ? store->records : page->next;
        next = OBJECT_STEP;
    }
    return page == NULL ? NULL : (uint8_t *)page + next;
}

static void claim_in(struct cut *page, const void *object)
{
    const size_t offset = (uintptr_t)object % POOL_PAGE_BYTES - OBJECT_STEP;
    page->claimed |= UINT64_C(1) << offset / page->size;
    used += page->size;
}

bool pool_claim_page(void *page)
{
    const bool is_new = pages_claim(page);
    used += is_new ? POOL_PAGE_BYTES : 0;
    return is_new;
}

bool pool_claim_object(void *object, size_t bytes)
{
    struct cut *const page = page_of(object);
    if (!pages_has(page)) {
        return false;
    }
    if (pages_claim(page)) {
        *page = (struct cut){ .next = claimed, .size = size_of(bytes) };
        claimed = page;
    }
    claim_in(page, object);
    return true;
}

void pool_claim_record(void *record)
{
    claim_in(page_of(record), record);
}

void pool_settle(void)
{
    for (struct cut **link = &store->records, *page = *link; page != NULL; page = *link) {
        if (page->claimed != 0) {
            push_unclaimed(&records, page);
            page->claimed = 0;
            link = &page->next;
        } else {
            supervised_store(link, page->next);
            pages_return(page);
        }
    }
    for (struct cut *page = claimed; page != NULL; page = page->next) {
        push_unclaimed(&objects[page->size / OBJECT_STEP - 1], page);
        page->claimed = 0;
    }
    pages_settle();
}
