/*
 * What files and names are made of: pages, and small objects cut out of pages. All
 * of it together is at most the limit that was set, and never more than the machine
 * has: then there is NULL.
 */
#ifndef POOL_H
#define POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_PAGE_BYTES 4096
#define POOL_OBJECT_BYTES_MAX 1024

/* Before anything else: how much there may be. */
void pool_limit(uint64_t bytes);

/* A zeroed page, or NULL. */
void *pool_page(void);
void pool_page_free(void *page);

/* A zeroed object of up to POOL_OBJECT_BYTES_MAX, or NULL. Freed with the same size. */
void *pool_object(size_t bytes);
void pool_object_free(void *object, size_t bytes);

/* How much is in use: pages, and objects by their rounded size. */
uint64_t pool_used(void);

#endif
