/*
 * Heartbeats: a thread that sends a server an empty message with a tag that means nothing,
 * once a period. Whatever it answers shows that it lives.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

struct heartbeat;

/* Begin with a server's channel; NULL without memory or a thread. */
struct heartbeat *heartbeat_begin(uint64_t channel, uint64_t period_ns);

/* No more of it. */
void heartbeat_end(struct heartbeat *heartbeat);

/* Has the server not answered for a period? Then the next one counts from now. */
bool heartbeat_missed(struct heartbeat *heartbeat, uint64_t now_ns);

#endif
