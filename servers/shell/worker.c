/* A queue of idle threads; another one is made only when none is idle. */
#include "worker.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <pthread.h>
#include <stdlib.h>

#define STACK_BYTES 0x20000

struct worker {
    struct worker *next;
    pthread_cond_t called;
    void (*work)(void *argument);
    void *argument;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *idle;

static void *run(void *argument)
{
    struct worker *const self = argument;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (self->work == NULL) {
            pthread_cond_wait(&self->called, &lock);
        }
        pthread_mutex_unlock(&lock);
        self->work(self->argument);
        pthread_mutex_lock(&lock);
        self->work = NULL;
        self->next = idle;
        idle = self;
    }
    return NULL;
}

bool worker_start(void (*work)(void *argument), void *argument)
{
    pthread_mutex_lock(&lock);
    struct worker *worker = idle;
    if (worker != NULL) {
        idle = worker->next;
        worker->work = work;
        worker->argument = argument;
        pthread_cond_signal(&worker->called);
    }
    pthread_mutex_unlock(&lock);
    if (worker != NULL) {
        return true;
    }
    worker = malloc(sizeof *worker);
    if (worker == NULL) {
        return false;
    }
    *worker = (struct worker){ .work = work, .argument = argument };
    pthread_cond_init(&worker->called, NULL);
    if (anos_thread_start(ANOS_CLASS_NORMAL, STACK_BYTES, run, worker) != 0) {
        free(worker);
        return false;
    }
    return true;
}
