/* Trees of pages. */
#include "content.h"

#include "pool.h"
#include "store.h"

#include <stdbool.h>
#include <string.h>

#define FAN_OUT 512
#define FAN_OUT_BITS 9

/* How many pages a tree of this height has room for. */
static uint64_t room(uint32_t height)
{
    return UINT64_C(1) << (FAN_OUT_BITS * height);
}

static uint64_t pages_for(uint64_t bytes)
{
    return (bytes + POOL_PAGE_BYTES - 1) / POOL_PAGE_BYTES;
}

/* A tree's root, or NULL. */
static void *root_of(const struct content *content)
{
    return (void *)(uintptr_t)(content->tree & -(uint64_t)POOL_PAGE_BYTES);
}

static uint32_t height_of(const struct content *content)
{
    return (uint32_t)(content->tree % POOL_PAGE_BYTES);
}

static void set_tree(struct content *content, const void *root, uint32_t height)
{
    supervised_store(&content->tree, (uint64_t)(uintptr_t)root | height);
}

/* Where in a page of this height, above 0, the way to the page with this number goes on. */
static void **way(void *page, uint32_t height, uint64_t number)
{
    return (void **)page + (number >> (FAN_OUT_BITS * (height - 1)) & (FAN_OUT - 1));
}

/* The file's page with this number, or NULL. */
static uint8_t *look(const struct content *content, uint64_t number)
{
    uint32_t height = height_of(content);
    void *at = number < room(height) ? root_of(content) : NULL;
    for (; at != NULL && height > 0; height--) {
        at = *way(at, height, number);
    }
    return at;
}

/* Make the tree so high that it has room for a page; false without room. */
static bool grow(struct content *content, uint64_t number)
{
    for (uint32_t height = height_of(content); number >= room(height); height++) {
        void *root = root_of(content);
        if (root != NULL) {
            void **const above = pool_page();
            if (above == NULL) {
                return false;
            }
            above[0] = root;
            root = above;
        }
        set_tree(content, root, height + 1);
    }
    return true;
}

/* The file's page with this number, made if it is not there; NULL without room. */
static uint8_t *make(struct content *content, uint64_t number)
{
    if (!grow(content, number)) {
        return NULL;
    }
    uint32_t height = height_of(content);
    void *at = root_of(content);
    if (at == NULL) {
        if ((at = pool_page()) == NULL) {
            return NULL;
        }
        set_tree(content, at, height);
    }
    for (; height > 0; height--) {
        void **const below = way(at, height, number);
        if (*below == NULL) {
            void *const page = pool_page();
            if (page == NULL) {
                return NULL;
            }
            supervised_store(below, page);
        }
        at = *below;
    }
    return at;
}

/* Free a tree that nothing points to any more. */
static void free_tree(void *root, uint32_t height)
{
    for (uint64_t i = 0; height > 0 && i < FAN_OUT; i++) {
        void *const below = ((void **)root)[i];
        if (below != NULL) {
            free_tree(below, height - 1);
        }
    }
    pool_page_free(root);
}

/* Free the pages below one from number `first` on, which is not 0. */
static void trim(void *root, uint32_t height, uint64_t first)
{
    for (uint64_t i = 0; height > 0 && i < FAN_OUT; i++) {
        const uint64_t pages = room(height - 1), begin = i * pages;
        void **const child = (void **)root + i, *const below = *child;
        if (below == NULL || begin + pages <= first) {
            continue;
        }
        if (begin < first) {
            trim(below, height - 1, first - begin);
        } else {
            supervised_store(child, NULL);
            free_tree(below, height - 1);
        }
    }
}

/* Free the pages behind the end. */
static void cut(struct content *content)
{
    void *const root = root_of(content);
    const uint32_t height = height_of(content);
    if (root == NULL) {
        return;
    }
    if (content->bytes > 0) {
        trim(root, height, pages_for(content->bytes));
    } else {
        set_tree(content, NULL, 0);
        free_tree(root, height);
    }
}

/* Have zeros behind the end in the last page. */
static void clear_tail(struct content *content)
{
    const size_t used = content->bytes % POOL_PAGE_BYTES;
    uint8_t *const last = look(content, content->bytes / POOL_PAGE_BYTES);
    if (last != NULL) {
        memset(last + used, 0, POOL_PAGE_BYTES - used);
    }
}

int64_t content_read(const struct content *content, uint64_t offset, void *to, size_t bytes)
{
    if (offset >= content->bytes) {
        return 0;
    }
    const uint64_t left = content->bytes - offset;
    const size_t count = bytes < left ? bytes : (size_t)left;
    for (size_t done = 0; done < count;) {
        const size_t begin = (offset + done) % POOL_PAGE_BYTES;
        const size_t rest = POOL_PAGE_BYTES - begin;
        const size_t piece = rest < count - done ? rest : count - done;
        const uint8_t *const page = look(content, (offset + done) / POOL_PAGE_BYTES);
        if (page != NULL) {
            memcpy((uint8_t *)to + done, page + begin, piece);
        } else {
            memset((uint8_t *)to + done, 0, piece);
        }
        done += piece;
    }
    return (int64_t)count;
}

int64_t content_write(struct content *content, uint64_t offset, const void *from, size_t bytes)
{
    if (offset > CONTENT_BYTES_MAX || bytes > CONTENT_BYTES_MAX - offset) {
        return FILE_TOO_LARGE;
    }
    const uint64_t end = offset + bytes;
    for (uint64_t number = offset / POOL_PAGE_BYTES; number < pages_for(end); number++) {
        if (bytes > 0 && make(content, number) == NULL) {
            cut(content);
            return FILE_NO_SPACE;
        }
    }
    for (size_t done = 0; done < bytes;) {
        const size_t begin = (offset + done) % POOL_PAGE_BYTES;
        const size_t rest = POOL_PAGE_BYTES - begin;
        const size_t piece = rest < bytes - done ? rest : bytes - done;
        uint8_t *const page = make(content, (offset + done) / POOL_PAGE_BYTES);
        memcpy(page + begin, (const uint8_t *)from + done, piece);
        done += piece;
    }
    if (bytes > 0 && end > content->bytes) {
        supervised_store(&content->bytes, end);
    }
    return (int64_t)bytes;
}

int64_t content_truncate(struct content *content, uint64_t bytes)
{
    if (bytes > CONTENT_BYTES_MAX) {
        return FILE_TOO_LARGE;
    }
    const bool is_shorter = bytes < content->bytes;
    supervised_store(&content->bytes, bytes);
    if (is_shorter) {
        cut(content);
        clear_tail(content);
    }
    return 0;
}

/* Claim a tree's pages before number `end`; false if there is none at its root. */
static bool claim(void *root, uint32_t height, uint64_t end)
{
    if (end == 0 || !pool_claim_page(root)) {
        return false;
    }
    for (uint64_t i = 0; height > 0 && i < FAN_OUT; i++) {
        const uint64_t begin = i * room(height - 1);
        void **const child = (void **)root + i;
        if (*child != NULL && !claim(*child, height - 1, end > begin ? end - begin : 0)) {
            supervised_store(child, NULL);
        }
    }
    return true;
}

void content_recover(struct content *content)
{
    if (!claim(root_of(content), height_of(content), pages_for(content->bytes))) {
        set_tree(content, NULL, 0);
    }
    clear_tail(content);
}
