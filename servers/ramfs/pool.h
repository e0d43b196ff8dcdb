/*
 * What files and names are made of: pages, small objects cut out of pages, and records,
 * which are objects that can be found again. All of it together is at most the limit that
 * was set, and never more than the machine has: then there is NULL.
 *
 * What a predecessor had in use is free until it is claimed, and pool_settle ends that.
 */
#ifndef POOL_H
#define POOL_H

#include "pages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_OBJECT_BYTES_MAX 1024
#define POOL_RECORD_BYTES 128

/*
 * Before anything else: how much there may be, and what a predecessor left, or zeros.
 * False if a chunk that there is cannot be had.
 */
bool pool_open(struct store *store, uint64_t limit);

/* A zeroed page, or NULL. */
void *pool_page(void);
void pool_page_free(void *page);

/* A zeroed object of up to POOL_OBJECT_BYTES_MAX, or NULL. Freed with the same size. */
void *pool_object(size_t bytes);
void pool_object_free(void *object, size_t bytes);

/* A zeroed record, or NULL. Of a free one the first 8 bytes change, and no others. */
void *pool_record(void);
void pool_record_free(void *record);

/* The record behind this one, or for NULL the first, in use or free; NULL behind the last. */
void *pool_next_record(const void *record);

/* It has been in use since before. False for a page that is not there or was claimed. */
bool pool_claim_page(void *page);
bool pool_claim_object(void *object, size_t bytes);
void pool_claim_record(void *record);

/* All is claimed: the rest is free, and chunks without a used page go back. */
void pool_settle(void);

/* How much is in use: pages, and objects by their rounded size. */
uint64_t pool_used(void);

#endif
