/* What a program is given: `run --with`. */
#ifndef GRANT_H
#define GRANT_H

#include "command.h"
#include "spawn.h"

#include <anos/abi.h>

#define GRANT_PATH_BYTES 1024

/* A file or directory that is named, and what may be done to it (FILE_MAY_...). */
struct grant_path {
    char path[GRANT_PATH_BYTES]; /* from its mount on */
    uint32_t rights;
};

struct grant {
    bool calls[ANOS_CAPABILITY_SLOTS]; /* and PROCESS_CONTROL, by slot */
    struct grant_path paths[ANOS_DIRECTORY_SLOTS];
    unsigned path_count;
};

/* What every program gets: memory, threads, clocks, its end, and messages for its streams. */
void grant_begin(struct grant *grant);

/* Add what one --with names; answers an enum status, after a message if it is not 0. */
int grant_add(struct grant *grant, const struct call *call, const char *name);

/*
 * The pairs for a program: calls of ours, then handles that are opened for it, in the order
 * of their slots; returns the pair behind them, or NULL after a message.
 */
struct capability_pair *grant_open(const struct grant *grant, struct capability_pair *pairs,
                                   const struct call *call, void *page);

/* Give the handles up again. */
void grant_close(const struct capability_pair *pairs, const struct capability_pair *end);

/* "ANOS_FILES=..." for the program's environment; "" if it has no paths. In memory of malloc. */
char *grant_files(const struct grant *grant);

#endif
