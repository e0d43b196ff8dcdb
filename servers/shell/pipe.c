/* A ring, a lock, and what each side waits for. */
#include "pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RING_BYTES 0x4000

struct pipe {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t first, count;
    bool reads, writes; /* the ends that are open */
    bool broken;
    char ring[RING_BYTES];
};

struct pipe *pipe_create(void)
{
    struct pipe *const pipe = malloc(sizeof *pipe);
    if (pipe != NULL) {
        pthread_mutex_init(&pipe->lock, NULL);
        pthread_cond_init(&pipe->changed, NULL);
        pipe->first = pipe->count = 0;
        pipe->reads = pipe->writes = true;
        pipe->broken = false;
    }
    return pipe;
}

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

ssize_t pipe_read(struct pipe *pipe, char *bytes, size_t count)
{
    ssize_t done = 0;
    pthread_mutex_lock(&pipe->lock);
    while (pipe->count == 0 && pipe->writes && !pipe->broken) {
        pthread_cond_wait(&pipe->changed, &pipe->lock);
    }
    if (pipe->broken) {
        done = -1;
    }
    while (done >= 0 && (size_t)done < count && pipe->count > 0) {
        const size_t piece = least(count - (size_t)done, pipe->count, RING_BYTES - pipe->first);
        memcpy(bytes + done, pipe->ring + pipe->first, piece);
        pipe->first = (pipe->first + piece) % RING_BYTES;
        pipe->count -= piece;
        done += (ssize_t)piece;
    }
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
    return done;
}

bool pipe_write(struct pipe *pipe, const char *bytes, size_t count)
{
    pthread_mutex_lock(&pipe->lock);
    while (count > 0 && pipe->reads && !pipe->broken) {
        if (pipe->count == RING_BYTES) {
            pthread_cond_wait(&pipe->changed, &pipe->lock);
            continue;
        }
        const size_t end = (pipe->first + pipe->count) % RING_BYTES;
        const size_t piece = least(count, RING_BYTES - pipe->count, RING_BYTES - end);
        memcpy(pipe->ring + end, bytes, piece);
        pipe->count += piece;
        bytes += piece;
        count -= piece;
        pthread_cond_broadcast(&pipe->changed);
    }
    pthread_mutex_unlock(&pipe->lock);
    return count == 0;
}

static void close_end(struct pipe *pipe, bool *end)
{
    pthread_mutex_lock(&pipe->lock);
    *end = false;
    const bool unused = !pipe->reads && !pipe->writes;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
    if (unused) {
        free(pipe);
    }
}

void pipe_close_reader(struct pipe *pipe)
{
    close_end(pipe, &pipe->reads);
}

void pipe_close_writer(struct pipe *pipe)
{
    close_end(pipe, &pipe->writes);
}

void pipe_break(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->lock);
    pipe->broken = true;
    pthread_cond_broadcast(&pipe->changed);
    pthread_mutex_unlock(&pipe->lock);
}
