/* A client's request, from its message to the answer, and where its data are. */
#ifndef REQUEST_H
#define REQUEST_H

#include "block.h"
#include "share.h"

#include <stdbool.h>

/*
 * The message's page is the client's, who may change it at any time: what decides
 * has been copied out of it. The data are at `data` in that page, or in `pages` of
 * an object that the client shares with us.
 */
struct request {
    uint64_t message; /* its cookie; 0: this place is free */
    uint8_t *page;    /* the window in which the message's page appears */
    bool writes;
    uint64_t sector;
    uint32_t count;
    uint8_t *data;
    uint32_t object;
    uint16_t pages[BLOCK_PAGES_MAX];

    uint64_t answer;      /* if all goes well */
    uint32_t pieces_left; /* commands that have not ended yet */
    bool has_failed;
    struct request *next; /* of those that have ended */
};

/*
 * Move a piece of the data, which begins at byte `at` of it, into a buffer or from there.
 * False if the client has taken the object away meanwhile.
 */
bool request_copy(const struct request *request, const struct shares *shares, uint32_t at,
                  uint8_t *buffer, uint32_t bytes);

/* Answer a list of requests; their places are free then. */
void request_answer(struct request *ended);

#endif
