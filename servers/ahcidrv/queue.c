/* Slots: what is put into them, and its end (AHCI 1.3.1, 5.5; SATA 3.0, 13.6). */
#include "queue.h"

#include "watch.h"

#define READ_DMA_EXT 0x25
#define WRITE_DMA_EXT 0x35
#define READ_FPDMA_QUEUED 0x60
#define WRITE_FPDMA_QUEUED 0x61
#define DEVICE_LBA 0x40
#define TAG_SHIFT 3

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

void queue_end_slots(struct queue *queue, uint32_t slots, bool went_well,
                     struct request **ended)
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
    while (queue->is_recovering || queue->held != 0 ||
           (queue->port->is_running &&
            (is_queued ? queue->is_exclusive || queue->under_way == all
                       : queue->under_way != 0))) {
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
    watch_wake();
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
        const struct piece piece = { .request = request, .at = at, .command = command };
        const uint32_t slot = wait_for_room(queue, command.is_queued) ? prepare(queue, piece) : 0;
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
    const struct piece piece = {
        .request = request,
        .command = { .code = FLUSH_CACHE_EXT, .device = DEVICE_LBA },
    };
    struct request *ended = NULL;
    request->pieces_left = 1;
    pthread_mutex_lock(&queue->lock);
    if (wait_for_room(queue, false)) {
        port_issue(queue->port, prepare(queue, piece), false);
    } else {
        end_piece(request, false, &ended);
    }
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
}

void queue_look(struct queue *queue, struct request **ended)
{
    struct port_registers *const registers = queue->port->registers;
    queue->has_error |= (port_acknowledge(queue->port) & PORT_ERRORS) != 0;
    if (queue->under_way != 0) {
        const uint32_t left = queue->is_exclusive ? registers->issue : registers->active;
        queue_end_slots(queue, queue->under_way & ~(left | queue->held), true, ended);
    }
    if (queue->held != 0 && queue->under_way == queue->held && !queue->has_error) {
        queue_issue(queue);
    }
}

void queue_issue(struct queue *queue)
{
    const uint32_t held = queue->held;
    queue->held = held & (held - 1);
    const uint32_t slots = queue->under_way & ~queue->held;
    if (slots != 0) {
        port_issue(queue->port, slots, !queue->is_exclusive);
    }
}

void queue_end(struct queue *queue)
{
    struct request *ended = NULL;
    pthread_mutex_lock(&queue->lock);
    if (!queue->is_recovering) {
        queue_look(queue, &ended);
        if (queue->has_error) {
            watch_wake();
        }
    }
    pthread_mutex_unlock(&queue->lock);
    request_answer(ended);
}

bool queue_is_busy(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    const bool is_busy = queue->under_way != 0 || queue->has_error;
    pthread_mutex_unlock(&queue->lock);
    return is_busy;
}
