/*
 * The supervisor: programs whose entry in the boot config has a "restart" are started
 * anew when they end (docs/supervision.md).
 *
 * The channels on which such a program serves are ours; it may receive on them. So they
 * outlive it: messages that wait there wait for its successor, who wrote to it hears
 * ANOS_RESTARTED, and names, mounts and its clients' capabilities stay. A successor gets
 * what is on our record of its first start, and nothing that its predecessor had else.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include "loader.h"
#include "service.h"

#include <stdbool.h>

/* Before the first program: `channel` is the process manager's, through which they ask. */
void supervisor_open(uint64_t channel);

/*
 * Start a program as loader_start does, and if its entry says so, take care of it from now
 * on. One that is taken care of is not started twice with the same arguments: the pid is
 * that of the one that runs.
 */
int64_t supervisor_start(const struct program *program);

/* A process that SYSTEM has started has ended. */
void supervisor_hear(const struct process_entry *ended);

/* Nanoseconds until there is something to do; 0: until somebody ends. */
uint64_t supervisor_pause(void);

/* Start what is due; end what does not answer. */
void supervisor_act(void);

/* Is it the badge of a program that is taken care of? */
bool supervisor_has_badge(uint64_t badge);

/* Answer its message: PROCESS_CHANNEL and those behind it (process.h). */
uint64_t supervisor_handle(const struct service_message *message, uint64_t badge);

#endif
