/*
 * Capabilities that SYSTEM takes from its clients. The same right taken twice is
 * one cookie, so each is counted and given up by its last user.
 */
#ifndef TAKEN_H
#define TAKEN_H

#include <stdint.h>

/*
 * SYSTEM's own cookie for one of the sender's of a message being served, with at
 * most these rights (0: all); 0 if the sender does not hold it or may not pass it
 * on, or without memory. Any thread may ask.
 */
uint64_t taken_get(uint64_t message, uint64_t cookie, uint64_t rights);

/* One more user of what taken_get answered; of another cookie, nothing. */
void taken_share(uint64_t cookie);

/*
 * Give up what taken_get answered, for one user; of another cookie, nothing. What was
 * derived from it stays valid.
 */
void taken_put(uint64_t cookie);

#endif
