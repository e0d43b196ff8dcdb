/* PROCESS_LIST and PROCESS_KILL (process.h). */
#ifndef PROCESS_CONTROL_H
#define PROCESS_CONTROL_H

#include "service.h"

#include <stdbool.h>

/* Make SYSTEM's own capability to it, through which it is asked; false if that fails. */
bool process_control_open(uint64_t channel);

/* Did a message with this badge come through it? */
bool process_control_has_badge(uint64_t badge);

/* Answer a message that did. */
uint64_t process_control_handle(const struct service_message *message);

#endif
