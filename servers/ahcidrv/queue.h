/*
 * The commands of a port that are under way: up to 32, one for each slot.
 *
 * One thread puts requests in, piece by piece, and sleeps while there is no room;
 * another hears of the commands' ends, answers the requests whose last piece has
 * ended, and wakes the first. A drive without native command queuing gets one
 * command at a time, and so does every drive for a command that cannot be queued.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "port.h"
#include "request.h"

#include <pthread.h>

struct piece {
    struct request *request;
    uint32_t at; /* byte of the request's data */
    struct command command;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t has_changed;
    struct port *port;
    struct shares *shares;
    unsigned depth;      /* commands that may be under way */
    bool has_tags;       /* they may be queued in the drive */
    bool is_exclusive;   /* what is under way may have no company */
    uint32_t under_way;  /* a bit for each slot */
    struct piece pieces[COMMAND_SLOTS];
};

/* Begin with an idle port; `depth` 0: its drive has no queue. */
void queue_open(struct queue *queue, struct port *port, struct shares *shares, unsigned depth);

/* Have the sectors of a request moved; it is answered by whoever hears of its end. */
void queue_move(struct queue *queue, struct request *request);

/* Have all that was written brought to the medium. */
void queue_flush(struct queue *queue, struct request *request);

/*
 * After an interrupt, whosoever it was: deal with what has ended. Answers whether
 * interrupts of other ports may have been taken in meanwhile.
 */
bool queue_end(struct queue *queue);

/* Without an interrupt: look until nothing is under way; a command that does not end fails. */
void queue_poll(struct queue *queue);

#endif
