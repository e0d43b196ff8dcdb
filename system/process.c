/*
 * The process manager: starts programs for others. Protocol: process.h.
 *
 * Programs of the RAMFS are always started at once. Others come from servers
 * that anybody may write, so each of those loads occupies a thread of its own
 * until the filesystem has answered.
 */
#include "process.h"

#include "children.h"
#include "pages.h"
#include "process_control.h"
#include "ramfs.h"
#include "service.h"
#include "start_request.h"
#include "supervisor.h"

#include <anos/thread.h>
#include <pthread.h>
#include <string.h>

/* The threads that receive on the one channel. */
#define THREADS_MAX 8

static struct {
    pthread_mutex_t lock;
    uint64_t channel;
    int thread_count;
    int away_count; /* of them, those that wait for a filesystem */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .thread_count = 1 };

static void *receive(void *unused);

/*
 * May this thread go to a filesystem, which may never answer? Only if another
 * one keeps receiving: one more is started when it must be, up to a limit.
 */
static bool leave_for_filesystem(void)
{
    pthread_mutex_lock(&pool.lock);
    if (pool.away_count + 1 == pool.thread_count && pool.thread_count < THREADS_MAX &&
        anos_thread_start(ANOS_CLASS_REALTIME, STACK_BYTES, receive, NULL) == 0) {
        pool.thread_count++;
    }
    const bool may = pool.away_count + 1 < pool.thread_count;
    pool.away_count += may;
    pthread_mutex_unlock(&pool.lock);
    return may;
}

static void return_from_filesystem(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.away_count--;
    pthread_mutex_unlock(&pool.lock);
}

static int64_t start(const struct program *program, uint64_t *process)
{
    if (ramfs_has_mount(program->values.strings)) {
        return process == NULL ? supervisor_start(program) : loader_start(program, process);
    }
    if (!leave_for_filesystem()) {
        return SPAWN_BUSY;
    }
    const int64_t pid = loader_start(program, process);
    return_from_filesystem();
    return pid;
}

static int64_t handle_request(const struct service_message *message, uint64_t *process)
{
    struct start_request request;
    int64_t answer = start_request_read(&request, message);
    if (answer == 0) {
        answer = start_request_take(&request, message->cookie);
        if (answer == 0) {
            answer = start(&request.program, process);
        }
        start_request_drop(&request);
    }
    return answer;
}

/* Start a program, and answer with a capability to it. */
static void handle_start(const struct service_message *message)
{
    uint64_t process = 0;
    const int64_t answer = handle_request(message, &process);
    const struct anos_transfer transfer = {
        .count = process != 0,
        .slots = { { .cookie = process, .rights = ANOS_RIGHT_OBSERVE | ANOS_RIGHT_KILL } },
    };
    if (anos_reply_transfer(message->cookie, (uint64_t)answer, &transfer).type != ANOS_OK) {
        anos_reply_message(message->cookie, (uint64_t)answer);
    }
    if (process != 0 && !children_own(process)) {
        anos_drop(process);
    }
}

static void handle(const struct service_message *message, uint64_t badge)
{
    int64_t answer = SPAWN_UNKNOWN_TAG;
    if (message->tag == PROCESS_START) {
        handle_start(message);
        return;
    }
    if (message->tag == PROCESS_SPAWN) {
        answer = handle_request(message, NULL);
    } else if (process_control_has_badge(badge)) {
        answer = (int64_t)process_control_handle(message);
    } else if (supervisor_has_badge(badge)) {
        answer = (int64_t)supervisor_handle(message, badge);
    }
    anos_reply_message(message->cookie, (uint64_t)answer);
}

static void *receive(void *unused)
{
    (void)unused;
    service_own_stack();
    uint8_t *const window = pages_get(ANOS_PAGE_BYTES);
    struct anos_result received = { .type = ANOS_OK };
    while (window != NULL && received.type == ANOS_OK) {
        struct service_message message = { .page = window };
        struct anos_transfer transfer = { 0 };
        uint64_t bytes;
        received = anos_recv_transfer(pool.channel, &message.tag, &bytes, window, &transfer);
        message.cookie = received.value;
        message.bytes = bytes < ANOS_PAGE_BYTES ? bytes : ANOS_PAGE_BYTES;
        for (uint32_t i = 0; i < transfer.count; i++) { /* nothing that anybody asked for */
            anos_drop(transfer.slots[i].cookie);
        }
        if (received.type == ANOS_OK) {
            handle(&message, transfer.badge);
        }
    }
    return NULL;
}

void *process_serve(void *channel)
{
    pool.channel = (uint64_t)channel;
    return receive(NULL);
}
