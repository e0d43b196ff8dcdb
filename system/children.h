/* The processes that SYSTEM has started: it holds one capability to each, until it has ended. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <stdbool.h>
#include <stdint.h>

/* Before the first child. False: there is no notification object to hear of ends. */
bool children_begin(void);

/*
 * A child has been started; its capability belongs to this file from now on. Any
 * thread may call. Without memory to remember the child the capability is dropped.
 */
void children_add(uint64_t process, uint64_t pid);

/* Runs as a thread: gives up the capabilities to children that have ended. */
void *children_reap(void *unused);

#endif
