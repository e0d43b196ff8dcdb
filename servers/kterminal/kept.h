/* The end of the log, kept for others, and the channel "LOG" (log.h). */
#ifndef KEPT_H
#define KEPT_H

#include <stddef.h>

/* Serve the channel in a thread of its own; false if it cannot be had. */
bool kept_serve(void);

/* Keep text; the oldest goes. */
void kept_add(const char *text, size_t bytes);

#endif
