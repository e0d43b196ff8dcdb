/* What pcidrv has done with each function; a successor goes on with that. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "function.h"
#include "supervised.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    uint64_t config_physical; /* of the function; 0: a free record */
    uint64_t bar_bytes;       /* of its driver's BAR; 0: not known */
    uint32_t command, bar;    /* its registers before the BAR is sized */
    uint32_t is_sizing;       /* they may be others now */
    uint32_t is_started;      /* its driver may run */
};

/* Begin with what a predecessor has done. */
void progress_open(void);

/* The record of a function; if there is no room it is forgotten with us. */
struct progress *progress_of(const struct function *function);

#endif
