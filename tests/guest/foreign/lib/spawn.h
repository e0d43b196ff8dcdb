/* Asking SYSTEM::PROCESS for a new process (anos-abi 8.5). */
#pragma once

#include <stdint.h>

/* Returns the answer: a pid, or what a negative error looks like. 0: it could not be asked. */
int64_t spawn(uint64_t stack_size, int argc, const char *const *argv, int capc,
              const uint8_t *call_ids);
