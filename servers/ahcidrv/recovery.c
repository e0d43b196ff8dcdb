/*
 * What does not end as it should (AHCI 1.3.1, 6.2 and 10.4; SATA 3.0, 13.7).
 *
 * An interrupt that got lost costs a tick or two, until the registers are looked at. A drive
 * that reports an error, or does not end a command, costs the port a restart; what was under
 * way is given to the drive again, with the same data to and from the same sectors, and only
 * what has failed too often fails.
 */
#include "queue.h"

#include <stdio.h>

#define LOOK_TICKS 2   /* more than 10 ms for an interrupt that takes microseconds */
#define HANG_TICKS 300 /* 3 s; our slowest disk takes 2 s for 32 commands */

/* The page of a drive's log that says which queued command has failed. */
#define READ_LOG_EXT 0x2f
#define QUEUE_ERROR_LOG 0x10
#define LOG_BYTES 512
#define LOG_NOT_QUEUED (1u << 7) /* in its first byte, with the tag */
#define LOG_TAG_MASK 0x1fu

/*
 * Which command of the queue has failed: its slot's bit, or all slots if the drive does not
 * say. The drive takes no queued commands before its log has been read.
 */
static uint32_t find_failed(struct port *port)
{
    const struct command read_log = {
        .code = READ_LOG_EXT,
        .count = 1,
        .sector = QUEUE_ERROR_LOG,
        .byte_count = LOG_BYTES,
    };
    if (!port_run(port, &read_log)) {
        return UINT32_MAX;
    }
    const uint8_t first = port->memory->answer[0];
    return first & LOG_NOT_QUEUED ? UINT32_MAX : 1u << (first & LOG_TAG_MASK);
}

/* Have a port without commands; the slots of those that have failed, if it runs again. */
static uint32_t restart(struct port *port, uint32_t late, bool are_queued)
{
    if (!port->is_running || !port_has_link(port)) {
        port->is_running = false;
        return UINT32_MAX;
    }
    port_restart(port, late != 0);
    if (late != 0) {
        return late;
    }
    return are_queued && port->is_running ? find_failed(port) : UINT32_MAX;
}

/*
 * Of the slots that have failed those that are not tried again. Nor is a flush that the drive
 * has failed itself: the next one goes well, though what could not be written is lost.
 */
static uint32_t give_up(struct queue *queue, uint32_t failed, bool is_hung)
{
    uint32_t given_up = 0;
    for (uint32_t slots = failed; slots != 0; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        struct piece *const piece = &queue->pieces[slot];
        const bool is_flush = piece->command.code == FLUSH_CACHE_EXT;
        if (++piece->tries == COMMAND_TRIES_MAX || (is_flush && !is_hung)) {
            given_up |= 1u << slot;
        }
    }
    return given_up;
}

/* Give the drive once more what is under way; one by one if nobody knows what has failed. */
static void issue_again(struct queue *queue, bool is_unknown)
{
    for (uint32_t slots = queue->under_way; slots != 0; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        queue->pieces[slot].ticks = 0;
        port_prepare(queue->port, slot, &queue->pieces[slot].command);
    }
    if (is_unknown || queue->held != 0) {
        queue->held = queue->under_way;
    }
    queue_issue(queue);
}

/* Without the lock, which others must not wait for so long: the port is ours meanwhile. */
static void recover(struct queue *queue, uint32_t late)
{
    struct port *const port = queue->port;
    struct request *ended = NULL;
    const bool are_queued = queue->under_way != 0 && !queue->is_exclusive;
    const bool was_running = port->is_running;
    const uint32_t failed = restart(port, late, are_queued) & queue->under_way & ~queue->held;
    const bool is_unknown = late == 0 && (failed & (failed - 1)) != 0;
    pthread_mutex_lock(&queue->lock);
    queue->is_recovering = queue->has_error = false;
    const uint32_t given_up = !port->is_running ? queue->under_way
                              : is_unknown      ? 0
                                                : give_up(queue, failed, late != 0);
    queue_end_slots(queue, given_up, false, &ended);
    issue_again(queue, is_unknown);
    pthread_cond_signal(&queue->has_changed);
    pthread_mutex_unlock(&queue->lock);
    if (was_running && !port->is_running) {
        printf("ahcidrv: the disk at port %u is gone\n", port->index);
    }
    request_answer(ended);
}

/* A tick more for all that is under way; the slots of commands that hang. */
static uint32_t count_tick(struct queue *queue, bool *must_look)
{
    uint32_t late = 0;
    for (uint32_t slots = queue->under_way & ~queue->held; slots != 0; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        const unsigned ticks = ++queue->pieces[slot].ticks;
        *must_look |= ticks >= LOOK_TICKS;
        late |= (uint32_t)(ticks >= HANG_TICKS) << slot;
    }
    return late;
}

void queue_tick(struct queue *queue)
{
    struct request *ended = NULL;
    pthread_mutex_lock(&queue->lock);
    bool must_look = !queue->port->controller->has_vector;
    uint32_t late = count_tick(queue, &must_look);
    if (must_look) {
        queue_look(queue, &ended);
        late &= queue->under_way;
    }
    const bool must_recover = queue->has_error || late != 0;
    queue->is_recovering = must_recover;
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
    if (must_recover) {
        recover(queue, late);
    }
}
