/* A program that the supervisor takes care of: the record of its start, and what it keeps. */
#ifndef SUPERVISED_H
#define SUPERVISED_H

#include "heartbeat.h"
#include "loader.h"
#include "service.h"

#include <anos/abi.h>
#include <stdbool.h>

#define SUPERVISED_CHANNELS_MAX 34 /* 32 disks of a controller, and two more */
#define SUPERVISED_KEPT_MAX 8192
#define SUPERVISED_ENDS_MAX 17 /* one more than a limit can be */

/* A capability that it has given us for its successor; key 0: a free place. */
struct kept {
    uint64_t key, cookie;
};

struct supervised {
    const struct anos_boot_entry *manifest;
    struct program program; /* its values point into the record */
    struct capability_pair pairs[ANOS_CAPABILITY_SLOTS];
    uint32_t rights[ANOS_CAPABILITY_SLOTS];
    char *strings;
    uint64_t badge;
    uint64_t cookie;      /* our capability with this badge, from which its own is derived */
    uint64_t pid;         /* of the one that runs, or ran last */
    uint64_t generation;  /* of the same; the first is 1 */
    uint64_t due_ns;      /* when it is to be started; 0: it runs */
    bool follows;         /* it was ended since another one was restarted */
    uint64_t ends_ns[SUPERVISED_ENDS_MAX]; /* a ring */
    unsigned end_count;
    uint64_t channels[SUPERVISED_CHANNELS_MAX];
    uint64_t memory, memory_bytes;
    struct kept *kept;
    size_t kept_count; /* of places, free ones among them */
    struct heartbeat *heartbeat;
};

/* A record of a program's start, with our own hold on its capabilities; NULL without memory. */
struct supervised *supervised_make(const struct program *program,
                                   const struct anos_boot_entry *manifest, uint64_t channel,
                                   uint64_t badge);

/* It will not be started again: its channels end, and what it kept goes. */
void supervised_free(struct supervised *server);

/* Is it started with exactly these arguments? */
bool supervised_is(const struct supervised *server, const struct program *program);

/* Start its next generation; returns its pid or a negative spawn_error. */
int64_t supervised_run(struct supervised *server);

/*
 * It has ended at this time. Returns how long to wait before its successor starts, in
 * nanoseconds, or UINT64_MAX if it has ended too often.
 */
uint64_t supervised_back_off(struct supervised *server, uint64_t now_ns);

/* Answer what it asks for. */
uint64_t supervised_handle(struct supervised *server, const struct service_message *message);

#endif
