/* Pages of chunks, without a limit but the machine's. Those that nobody has claimed are free. */
#ifndef PAGES_H
#define PAGES_H

#include "store.h"

#include <stdbool.h>

#define POOL_PAGE_BYTES 4096

/* Have a predecessor's chunks; false if there is one that cannot be had. */
bool pages_open(struct store *store);

/* A zeroed page, or NULL. */
void *pages_take(void);
void pages_return(void *page);

/* Is it a page of a chunk that is there? */
bool pages_has(const void *page);

/* A page has been in use since before; false if there is no such page, or it was claimed. */
bool pages_claim(void *page);

/* All are claimed: chunks without one go back. */
void pages_settle(void);

#endif
