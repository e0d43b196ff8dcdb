/* A request to start a program (process.h), copied out of the client's page and checked. */
#ifndef START_REQUEST_H
#define START_REQUEST_H

#include "loader.h"
#include "service.h"

#include <anos/abi.h>

/* The program's values point into the request's own copy of the message. */
struct start_request {
    _Alignas(uint64_t) uint8_t bytes[ANOS_PAGE_BYTES];
    struct program program;
    struct capability_pair capabilities[START_CAPABILITIES_MAX];
    uint32_t rights[START_CAPABILITIES_MAX];
    uint64_t taken[START_CAPABILITIES_MAX]; /* cookies that SYSTEM has for this request */
    unsigned taken_count;
};

/* Copy and check a PROCESS_SPAWN or PROCESS_START; returns 0 or a negative spawn_error. */
int64_t start_request_read(struct start_request *request, const struct service_message *message);

/*
 * Turn the requester's cookies into SYSTEM's, as far as the program's manifest allows;
 * returns 0 or a negative spawn_error. Afterwards they must be dropped.
 */
int64_t start_request_take(struct start_request *request, uint64_t message);

/* Give up what was taken: the child has its own. */
void start_request_drop(const struct start_request *request);

#endif
