/* Trees of pages. */
#include "content.h"

#include "pool.h"

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

/* The file's page with this number, or NULL. */
static const uint8_t *look(const struct content *content, uint64_t number)
{
    const void *at = number < room(content->height) ? content->root : NULL;
    for (uint32_t height = content->height; at != NULL && height > 0; height--) {
        at = ((void *const *)at)[number >> (FAN_OUT_BITS * (height - 1)) & (FAN_OUT - 1)];
    }
    return at;
}

/* The same, made if it is not there; NULL without room. */
static uint8_t *make(struct content *content, uint64_t number)
{
    while (number >= room(content->height)) {
        if (content->root != NULL) {
            void **const above = pool_page();
            if (above == NULL) {
                return NULL;
            }
            above[0] = content->root;
            content->root = above;
        }
        content->height++;
    }
    void **at = &content->root;
    for (uint32_t height = content->height;; height--) {
        if (*at == NULL && (*at = pool_page()) == NULL) {
            return NULL;
        }
        if (height == 0) {
            return *at;
        }
        at = (void **)*at + (number >> (FAN_OUT_BITS * (height - 1)) & (FAN_OUT - 1));
    }
}

/* Free the pages of a tree from number `first` on; NULL if that was all of it. */
static void *cut(void *root, uint32_t height, uint64_t first)
{
    if (root == NULL) {
        return NULL;
    }
    for (uint64_t i = 0; height > 0 && i < FAN_OUT; i++) {
        const uint64_t below = room(height - 1), begin = i * below;
        void **const child = (void **)root + i;
        if (begin + below > first) {
            *child = cut(*child, height - 1, first > begin ? first - begin : 0);
        }
    }
    if (first > 0) {
        return root;
    }
    pool_page_free(root);
    return NULL;
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
            content->root = cut(content->root, content->height, pages_for(content->bytes));
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
    content->bytes = bytes > 0 && end > content->bytes ? end : content->bytes;
    return (int64_t)bytes;
}

int64_t content_truncate(struct content *content, uint64_t bytes)
{
    if (bytes > CONTENT_BYTES_MAX) {
        return FILE_TOO_LARGE;
    }
    if (bytes < content->bytes) {
        content->root = cut(content->root, content->height, pages_for(bytes));
        content->height = content->root == NULL ? 0 : content->height;
        uint8_t *const last = (uint8_t *)look(content, bytes / POOL_PAGE_BYTES);
        if (last != NULL) {
            memset(last + bytes % POOL_PAGE_BYTES, 0, POOL_PAGE_BYTES - bytes % POOL_PAGE_BYTES);
        }
    }
    content->bytes = bytes;
    return 0;
}
