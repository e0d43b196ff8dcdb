/*
 * The commands of a port that are under way: up to 32, one for each slot.
 *
 * One thread puts requests in, piece by piece, and sleeps while there is no room;
 * another hears of the commands' ends, answers the requests whose last piece has
 * ended, and wakes the first. A drive without native command queuing gets one
 * command at a time, and so does every drive for a command that cannot be queued.
 * A third one, the watchdog (watch.h), deals with errors and with what does not come.
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
    uint16_t ticks; /* since it was given to the drive last */
    uint8_t tries;  /* that have failed */
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t has_changed;
    struct port *port;
    struct shares *shares;
    unsigned depth;      /* commands that may be under way */
    bool has_tags;       /* they may be queued in the drive */
    bool is_exclusive;   /* what is under way may have no company */
    bool has_error;      /* which has stopped the port, until the watchdog has recovered it */
    bool is_recovering;  /* the port is the watchdog's, without the lock */
    uint32_t under_way;  /* a bit for each slot */
    uint32_t held;       /* of these, not given to the drive before the one that it has ends */
    struct piece pieces[COMMAND_SLOTS];
};

/* Begin with an idle port; `depth` 0: its drive has no queue. */
void queue_open(struct queue *queue, struct port *port, struct shares *shares, unsigned depth);

/* Have the sectors of a request moved; it is answered by whoever hears of its end. */
void queue_move(struct queue *queue, struct request *request);

/* Have all that was written brought to the medium. */
void queue_flush(struct queue *queue, struct request *request);

/* After an interrupt, whosoever it was: deal with what has ended. */
void queue_end(struct queue *queue);

/* Whether the watchdog has to tick. */
bool queue_is_busy(struct queue *queue);

/* For the watchdog, a tick later: deal with what has ended unheard, has failed, or hangs. */
void queue_tick(struct queue *queue);

/*
 * What follows is for queue.c and recovery.c alone, with the lock.
 *
 * Look what has ended, and whether there is an error.
 */
void queue_look(struct queue *queue, struct request **ended);

/* Give the drive what is under way: all, or the next one of those that are held. */
void queue_issue(struct queue *queue);

/* These slots' commands have ended; requests whose last piece that was are added to `ended`. */
void queue_end_slots(struct queue *queue, uint32_t slots, bool went_well,
                     struct request **ended);

#endif
