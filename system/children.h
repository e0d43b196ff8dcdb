/*
 * The processes that SYSTEM has started: it holds one capability to each, until it has
 * ended. What it knows of the last ones that ended it keeps.
 */
#ifndef CHILDREN_H
#define CHILDREN_H

#include "process.h"
#include "stack_image.h"

#include <stdbool.h>
#include <stdint.h>

/* Before the first child. False: there is no notification object to hear of ends. */
bool children_begin(void);

/*
 * A child has been started; its capability belongs to this file from now on. Any
 * thread may call. Without memory to remember the child the capability is dropped.
 */
void children_add(uint64_t process, uint64_t pid, const struct start_values *values);

/*
 * Describe the child with the lowest pid that is at least this one, living or among the last
 * that ended; false if there is none.
 */
bool children_find(uint64_t pid, struct process_entry *entry);

/* Is it the capability by which a child is held here? Under `bearer` a copy is the same. */
bool children_own(uint64_t process);

/* End a child; false if none that lives has this pid. */
bool children_kill(uint64_t pid);

/* Look at what there is to do, though nobody has ended. */
void children_look(void);

/*
 * Runs as a thread: gives up the capabilities to children that have ended, and tells the
 * supervisor, which it lets act when it is time.
 */
void *children_reap(void *unused);

#endif
