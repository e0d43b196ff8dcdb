/* Slots, and errors in them (AHCI 1.3.1, 5.5 and 6.2; SATA 3.0, 13.6 and 13.7). */
#include "queue.h"

#include <stdio.h>

#define READ_DMA_EXT 0x25
#define WRITE_DMA_EXT 0x35
#define FLUSH_CACHE_EXT 0xea
#define READ_FPDMA_QUEUED 0x60
#define WRITE_FPDMA_QUEUED 0x61
#define DEVICE_LBA 0x40
#define TAG_SHIFT 3

/* The page of a drive's log that says which queued command has failed. */
#define READ_LOG_EXT 0x2f
#define QUEUE_ERROR_LOG 0x10
#define LOG_BYTES 512
#define LOG_NOT_QUEUED (1u << 7) /* in its first byte, with the tag */
#define LOG_TAG_MASK 0x1fu

void queue_open(struct queue *queue, struct port *port, struct shares *shares, unsigned depth)
{
    *queue = (struct queue){
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .has_changed = PTHREAD_COND_INITIALIZER,
        .port = port,
        .shares = shares,
        .depth = depth == 0 ? 1 : depth < port->slot_count ? depth : port->slot_count,
        .has_tags = depth > 0,
    };
}

/* A piece of a request has ended; adds the request to `ended` if it was the last one. */
static void end_piece(struct request *request, bool went_well, struct request **ended)
{
    request->has_failed |= !went_well;
    if (--request->pieces_left == 0) {
        request->next = *ended;
        *ended = request;
    }
}

/* These slots' commands have ended. */
static void end_slots(struct queue *queue, uint32_t slots, bool went_well, struct request **ended)
{
    struct port *const port = queue->port;
    for (; slots != 0; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        const struct piece *const piece = &queue->pieces[slot];
        const struct command *const command = &piece->command;
        bool is_good = went_well;
        if (!command->is_queued) { /* of the others nobody counts the bytes */
            is_good &= port->memory->headers[slot].byte_count == command->byte_count;
        }
        if (is_good && !command->writes && command->byte_count > 0) {
            is_good = request_copy(piece->request, queue->shares, piece->at,
                                   port_buffer(port, slot), command->byte_count);
        }
        queue->under_way &= ~(1u << slot);
        end_piece(piece->request, is_good, ended);
    }
    queue->is_exclusive &= queue->under_way != 0;
    pthread_cond_signal(&queue->has_changed);
}

/* Wait until a command may be given to the drive; false if there is no drive any more. */
static bool wait_for_room(struct queue *queue, bool is_queued)
{
    const uint32_t all = (uint32_t)(((uint64_t)1 << queue->depth) - 1);
    while (queue->port->is_running &&
           (is_queued ? queue->is_exclusive || queue->under_way == all : queue->under_way != 0)) {
        pthread_cond_wait(&queue->has_changed, &queue->lock);
    }
    return queue->port->is_running;
}

/* Put a command into a free slot, with its data if it writes; the slot's bit, 0 without data. */
static uint32_t prepare(struct queue *queue, struct piece piece)
{
    const unsigned slot = (unsigned)__builtin_ctz(~queue->under_way);
    struct command *const command = &piece.command;
    if (command->is_queued) {
        command->features = (uint16_t)(command->byte_count / SECTOR_BYTES);
        command->count = (uint16_t)(slot << TAG_SHIFT);
    }
    if (command->writes && !request_copy(piece.request, queue->shares, piece.at,
                                         port_buffer(queue->port, slot), command->byte_count)) {
        return 0;
    }
    queue->pieces[slot] = piece;
    queue->under_way |= 1u << slot;
    queue->is_exclusive = !command->is_queued;
    port_prepare(queue->port, slot, command);
    return 1u << slot;
}

/* The command that moves `bytes` of a request's data from byte `at` on. */
static struct command command_for(const struct queue *queue, const struct request *request,
                                  uint32_t at, uint32_t bytes)
{
    static const uint8_t codes[2][2] = { { READ_DMA_EXT, WRITE_DMA_EXT },
                                         { READ_FPDMA_QUEUED, WRITE_FPDMA_QUEUED } };
    return (struct command){
        .code = codes[queue->has_tags][request->writes],
        .writes = request->writes,
        .is_queued = queue->has_tags,
        .device = DEVICE_LBA,
        .count = (uint16_t)(bytes / SECTOR_BYTES),
        .sector = request->sector + at / SECTOR_BYTES,
        .byte_count = bytes,
    };
}

void queue_move(struct queue *queue, struct request *request)
{
    const uint32_t bytes = request->count * SECTOR_BYTES, most = queue->port->buffer_bytes;
    struct request *ended = NULL;
    uint32_t ready = 0; /* slots that the drive has not been given yet */
    request->pieces_left = (bytes + most - 1) / most;
    pthread_mutex_lock(&queue->lock);
    for (uint32_t at = 0; at < bytes; at += most) {
        const uint32_t rest = bytes - at;
        const struct command command = command_for(queue, request, at, rest < most ? rest : most);
        const bool is_full = queue->under_way + 1 == (uint64_t)1 << queue->depth;
        if (ready != 0 && (is_full || !queue->has_tags)) {
            port_issue(queue->port, ready, queue->has_tags);
            ready = 0;
        }
        const uint32_t slot = wait_for_room(queue, command.is_queued)
                                  ? prepare(queue, (struct piece){ request, at, command })
                                  : 0;
        if (slot == 0) {
            end_piece(request, false, &ended);
        }
        ready |= slot;
    }
    if (ready != 0) {
        port_issue(queue->port, ready, queue->has_tags);
    }
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
}

void queue_flush(struct queue *queue, struct request *request)
{
    const struct command flush = { .code = FLUSH_CACHE_EXT, .device = DEVICE_LBA };
    struct request *ended = NULL;
    request->pieces_left = 1;
    pthread_mutex_lock(&queue->lock);
    if (wait_for_room(queue, false)) {
        port_issue(queue->port, prepare(queue, (struct piece){ request, 0, flush }), false);
    } else {
        end_piece(request, false, &ended);
    }
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
}

/*
 * Which command of the queue has failed: its slot's bit, or all slots if the drive does not
 * say. The drive takes no queued commands before its log has been read.
 */
static uint32_t find_failed(struct queue *queue)
{
    const struct command read_log = {
        .code = READ_LOG_EXT,
        .count = 1,
        .sector = QUEUE_ERROR_LOG,
        .byte_count = LOG_BYTES,
    };
    if (!port_run(queue->port, &read_log)) {
        return UINT32_MAX;
    }
    const uint8_t first = queue->port->memory->answer[0];
    const uint32_t failed = 1u << (first & LOG_TAG_MASK) & queue->under_way;
    return first & LOG_NOT_QUEUED || failed == 0 ? UINT32_MAX : failed;
}

/* An error has stopped the port: one command has failed, the others are given to it again. */
static void recover(struct queue *queue, struct request **ended)
{
    struct port *const port = queue->port;
    if (!port_has_link(port)) {
        if (port->is_running) {
            printf("ahcidrv: the disk at port %u is gone\n", port->index);
        }
        port->is_running = false;
        end_slots(queue, queue->under_way, false, ended);
        return;
    }
    port_restart(port);
    const bool are_queued = queue->under_way != 0 && !queue->is_exclusive;
    end_slots(queue, are_queued ? find_failed(queue) & queue->under_way : queue->under_way, false,
              ended);
    if (!port->is_running) {
        end_slots(queue, queue->under_way, false, ended);
    }
    for (uint32_t slots = queue->under_way; slots != 0; slots &= slots - 1) {
        const unsigned slot = (unsigned)__builtin_ctz(slots);
        port_prepare(port, slot, &queue->pieces[slot].command);
    }
    if (queue->under_way != 0) {
        port_issue(port, queue->under_way, true);
    }
}

/* Deal with what has ended; with `is_late` what has not ended will not. */
static bool end(struct queue *queue, bool is_late)
{
    struct port_registers *const registers = queue->port->registers;
    struct request *ended = NULL;
    pthread_mutex_lock(&queue->lock);
    const bool is_error = (port_acknowledge(queue->port) & PORT_ERRORS) != 0 || is_late;
    if (queue->under_way != 0) {
        const uint32_t left = queue->is_exclusive ? registers->issue : registers->active;
        end_slots(queue, queue->under_way & ~left, true, &ended);
    }
    if (is_error) {
        recover(queue, &ended);
    }
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
    return is_error;
}

bool queue_end(struct queue *queue)
{
    return end(queue, false);
}

void queue_poll(struct queue *queue)
{
    for (int ticks = 0; queue->under_way != 0; ticks++) {
        controller_wait(queue->port->controller);
        end(queue, ticks == COMMAND_TICKS_MAX);
    }
}
