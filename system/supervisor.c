/* All programs that are taken care of, under one lock. */
#include "supervisor.h"

#include "boot.h"
#include "children.h"
#include "ramfs.h"
#include "supervised.h"

#include <anos/abi.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SERVERS_MAX 64
#define BADGE_FIRST 2 /* 1 is PROCESS_CONTROL's */
#define NS_PER_MS UINT64_C(1000000)

static struct {
    pthread_mutex_t lock;
    uint64_t channel;
    uint64_t next_badge;
    struct supervised *servers[SERVERS_MAX];
} supervisor = { .lock = PTHREAD_MUTEX_INITIALIZER, .next_badge = BADGE_FIRST };

void supervisor_open(uint64_t channel)
{
    supervisor.channel = channel;
}

static uint64_t now(void)
{
    return anos_clock(ANOS_CLOCK_UPTIME).value;
}

/* Where the record is that fits, or a free place (NULL for `program`); NULL if there is none. */
static struct supervised **find(const struct program *program)
{
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        struct supervised *const server = supervisor.servers[i];
        if (program == NULL ? server == NULL
                            : server != NULL && supervised_is(server, program)) {
            return &supervisor.servers[i];
        }
    }
    return NULL;
}

static void forget(struct supervised **place)
{
    supervised_free(*place);
    *place = NULL;
}

/* Start a program that shall be taken care of; if that cannot be, it is merely started. */
static int64_t start(const struct program *program, const struct anos_boot_entry *manifest)
{
    struct supervised **place = find(program);
    if (place != NULL) {
        return (int64_t)(*place)->pid;
    }
    place = find(NULL);
    if (place != NULL) {
        *place = supervised_make(program, manifest, supervisor.channel, supervisor.next_badge++);
    }
    if (place == NULL || *place == NULL) {
        return loader_start(program, NULL);
    }
    const int64_t pid = supervised_run(*place);
    if (pid <= 0) {
        forget(place);
    }
    return pid;
}

int64_t supervisor_start(const struct program *program)
{
    const char *const path = program->values.strings;
    const struct anos_boot_entry *const manifest = boot_manifest(path);
    if (manifest == NULL || manifest->restart.policy == ANOS_BOOT_NEVER ||
        !ramfs_has_mount(path)) {
        return loader_start(program, NULL);
    }
    pthread_mutex_lock(&supervisor.lock);
    const int64_t pid = start(program, manifest);
    pthread_mutex_unlock(&supervisor.lock);
    return pid;
}

static const char *how(const struct process_entry *ended)
{
    return ended->end == ANOS_END_EXITED ? "has ended"
           : ended->end == ANOS_END_KILLED ? "was killed"
                                           : "has crashed";
}

/* The next one shall be started, unless there were too many. */
static void plan(struct supervised **place, const char *what)
{
    struct supervised *const server = *place;
    const uint64_t wait_ns = server->follows ? 0 : supervised_back_off(server, now());
    if (wait_ns == UINT64_MAX) {
        printf("supervisor: %s %s, for the %" PRIu32 ". time within %" PRIu32
               " ms: it stays away\n",
               server->manifest->name, what, server->manifest->restart.limit + 1,
               server->manifest->restart.within_ms);
        forget(place);
        return;
    }
    printf("supervisor: %s (process %" PRIu64 ") %s; generation %" PRIu64 " starts in %" PRIu64
           " ms\n",
           server->manifest->name, server->pid, what, server->generation + 1,
           wait_ns / NS_PER_MS);
    server->due_ns = now() + wait_ns;
}

void supervisor_hear(const struct process_entry *ended)
{
    pthread_mutex_lock(&supervisor.lock);
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        struct supervised **const place = &supervisor.servers[i];
        if (*place == NULL || (*place)->pid != ended->pid) {
            continue;
        }
        const bool crashed = ended->end != ANOS_END_EXITED || ended->status != 0;
        if (crashed || (*place)->manifest->restart.policy == ANOS_BOOT_ALWAYS) {
            plan(place, how(ended));
        } else {
            forget(place);
        }
        break;
    }
    pthread_mutex_unlock(&supervisor.lock);
}

uint64_t supervisor_pause(void)
{
    uint64_t least = 0;
    pthread_mutex_lock(&supervisor.lock);
    const uint64_t at = now();
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        const struct supervised *const server = supervisor.servers[i];
        uint64_t pause = 0;
        if (server != NULL && server->due_ns != 0) {
            pause = server->due_ns > at ? server->due_ns - at : 1;
        } else if (server != NULL && server->heartbeat != NULL) {
            pause = server->manifest->restart.heartbeat_ms * NS_PER_MS;
        }
        least = pause != 0 && (least == 0 || pause < least) ? pause : least;
    }
    pthread_mutex_unlock(&supervisor.lock);
    return least;
}

/* Does the one's entry depend on the other's? */
static bool depends(const struct supervised *server, const struct supervised *other)
{
    for (unsigned i = 0; i < sizeof server->manifest->restart.depends; i++) {
        const uint8_t number = server->manifest->restart.depends[i];
        if (number != 0 && boot_entry(number - 1u) == other->manifest) {
            return true;
        }
    }
    return false;
}

/* One has been restarted: so are those that depend on it. */
static void restart_dependants(const struct supervised *server)
{
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        struct supervised *const other = supervisor.servers[i];
        if (other != NULL && other->due_ns == 0 && depends(other, server)) {
            other->follows = true;
            children_kill(other->pid);
        }
    }
}

static void act_on(struct supervised **place, uint64_t at)
{
    struct supervised *const server = *place;
    if (server->due_ns != 0) {
        if (server->due_ns > at) {
            return;
        }
        if (supervised_run(server) > 0) {
            restart_dependants(server);
        } else {
            plan(place, "cannot be started");
        }
    } else if (server->heartbeat != NULL && heartbeat_missed(server->heartbeat, at)) {
        printf("supervisor: %s (process %" PRIu64 ") does not answer within %" PRIu32 " ms\n",
               server->manifest->name, server->pid, server->manifest->restart.heartbeat_ms);
        children_kill(server->pid);
    }
}

void supervisor_act(void)
{
    pthread_mutex_lock(&supervisor.lock);
    const uint64_t at = now();
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        if (supervisor.servers[i] != NULL) {
            act_on(&supervisor.servers[i], at);
        }
    }
    pthread_mutex_unlock(&supervisor.lock);
}

bool supervisor_has_badge(uint64_t badge)
{
    return badge >= BADGE_FIRST;
}

uint64_t supervisor_handle(const struct service_message *message, uint64_t badge)
{
    uint64_t answer = 0;
    pthread_mutex_lock(&supervisor.lock);
    for (unsigned i = 0; i < SERVERS_MAX; i++) {
        struct supervised *const server = supervisor.servers[i];
        if (server != NULL && server->badge == badge) {
            const bool had = server->heartbeat != NULL;
            answer = supervised_handle(server, message);
            if (!had && server->heartbeat != NULL) {
                children_look(); /* there is a time limit now */
            }
        }
    }
    pthread_mutex_unlock(&supervisor.lock);
    return answer;
}
