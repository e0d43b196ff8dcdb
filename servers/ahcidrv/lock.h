/* A lock whose waiters sleep in the kernel until it is theirs. */
#ifndef LOCK_H
#define LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct lock {
    uint64_t channel;
    int users; /* who holds it, and who waits */
};

/* False if the kernel has no channel for it. */
bool lock_make(struct lock *lock);

/* Wait for the lock; who came first gets it first. */
void lock_take(struct lock *lock);

/* Hand the lock to the next one. */
void lock_release(struct lock *lock);

#endif
