/*
 * The process manager: starts programs for others. Protocol: process.h.
 *
 * A child holds at most what its requester holds, because each cookie of the
 * request is taken from the requester, and at most its manifest if the boot
 * config has one.
 *
 * Programs of the RAMFS are always started at once. Others come from servers
 * that anybody may write, so each of those loads occupies a thread of its own
 * until the filesystem has answered.
 */
#include "process.h"

#include "boot.h"
#include "loader.h"
#include "pages.h"
#include "ramfs.h"
#include "service.h"
#include "taken.h"

#include <anos/thread.h>
#include <pthread.h>
#include <string.h>

/* The size counts the header as 16 bytes, the pairs begin behind 12. */
#define COUNTED_HEADER_BYTES 16

/* The threads that receive on the one channel. */
#define THREADS_MAX 8

/* A request copied out of the client's page, and what lies where in it. */
struct request {
    _Alignas(uint64_t) uint8_t bytes[ANOS_PAGE_BYTES];
    struct program program;
    struct capability_pair capabilities[SPAWN_CAPABILITIES_MAX];
    uint32_t rights[SPAWN_CAPABILITIES_MAX];
    uint64_t taken[SPAWN_CAPABILITIES_MAX]; /* cookies that SYSTEM has for this request */
    unsigned taken_count;
};

static struct {
    pthread_mutex_t lock;
    uint64_t channel;
    int thread_count;
    int away_count; /* of them, those that wait for a filesystem */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .thread_count = 1 };

static void *receive(void *unused);

/* Find the strings; returns 0 or a negative spawn_error. */
static int64_t read_strings(struct start_values *values, const char *strings, size_t bytes)
{
    size_t used = 0;
    for (unsigned i = 0; i < values->argument_count; i++) {
        if (used == bytes) {
            return SPAWN_ARGUMENTS_CUT;
        }
        const size_t length = strnlen(strings + used, bytes - used);
        if (length == bytes - used) {
            return SPAWN_ARGUMENT_CUT;
        }
        used += length + 1;
    }
    values->strings = strings;
    values->string_bytes = used;
    return used == 0 ? SPAWN_ARGUMENTS_CUT : 0;
}

/* Copy and check a message; returns 0 or a negative spawn_error. */
static int64_t read_request(struct request *request, const struct service_message *message)
{
    if (message->bytes < COUNTED_HEADER_BYTES) {
        return SPAWN_TOO_SHORT;
    }
    memcpy(request->bytes, message->page, message->bytes);
    const struct spawn_request *const body = (const struct spawn_request *)request->bytes;
    if (body->argument_count > SPAWN_ARGUMENTS_MAX ||
        body->capability_count > SPAWN_CAPABILITIES_MAX) {
        return SPAWN_TOO_MANY;
    }
    const size_t pair_bytes = body->capability_count * sizeof(struct capability_pair);
    const size_t left = message->bytes - COUNTED_HEADER_BYTES;
    if (pair_bytes > left) {
        return SPAWN_CAPABILITIES_CUT;
    }
    memcpy(request->capabilities, body->capabilities, pair_bytes);
    request->program = (struct program){
        .values = { .argument_count = body->argument_count,
                    .capability_count = body->capability_count,
                    .capabilities = request->capabilities },
        .rights = request->rights,
        .stack_bytes = body->stack_bytes,
        .thread_class = ANOS_CLASS_NORMAL,
    };
    return read_strings(&request->program.values,
                        (const char *)body->capabilities + pair_bytes, left - pair_bytes);
}

/* Is a cookie of SYSTEM's what a manifest means by an id? */
static bool is_what_it_says(uint64_t cookie, uint64_t id)
{
    const uint64_t what = anos_inspect(cookie).value;
    if (id == ANOS_CAP_INTERRUPT_VECTORS) {
        return what >> 32 == ANOS_OBJECT_VECTORS;
    }
    if (id >= ANOS_CAP_DEVICE_MEMORY) {
        return what >> 32 == ANOS_OBJECT_PHYSICAL;
    }
    return what == ((uint64_t)ANOS_OBJECT_CALL << 32 | id);
}

/*
 * SYSTEM's own cookie for one of the requester's: 0 if the manifest does not
 * have it, or if it is another thing's cookie. False: it is not held.
 */
static bool take(struct request *request, unsigned index, uint64_t message,
                 const struct anos_boot_entry *manifest)
{
    struct capability_pair *const pair = &request->capabilities[index];
    const uint64_t wanted = pair->cookie;
    const uint32_t rights = manifest == NULL ? ANOS_ALL_RIGHTS : boot_rights(manifest, pair->id);
    pair->cookie = 0;
    request->rights[index] = rights;
    if (wanted == 0 || rights == 0) {
        return true;
    }
    const uint64_t taken = taken_get(message, wanted, 0);
    if (taken == 0) {
        return false;
    }
    request->taken[request->taken_count++] = taken;
    if (manifest == NULL || is_what_it_says(taken, pair->id)) {
        pair->cookie = taken;
    }
    return true;
}

/* Turn the requester's cookies into SYSTEM's; returns 0 or a negative spawn_error. */
static int64_t take_all(struct request *request, uint64_t message)
{
    const struct start_values *const values = &request->program.values;
    const struct anos_boot_entry *const manifest = boot_manifest(values->strings);
    int64_t answer = 0;
    for (unsigned i = 0; answer == 0 && i < values->capability_count; i++) {
        if (!take(request, i, message, manifest)) {
            answer = SPAWN_NOT_HELD;
        }
    }
    return answer;
}

/* Give up what was taken: the child has its own. */
static void drop_all(const struct request *request)
{
    for (unsigned i = 0; i < request->taken_count; i++) {
        taken_put(request->taken[i]);
    }
}

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

static int64_t start(const struct program *program)
{
    if (ramfs_has_mount(program->values.strings)) {
        return loader_start(program);
    }
    if (!leave_for_filesystem()) {
        return SPAWN_BUSY;
    }
    const int64_t pid = loader_start(program);
    return_from_filesystem();
    return pid;
}

static uint64_t handle(const struct service_message *message)
{
    struct request request;
    request.taken_count = 0;
    if (message->tag != PROCESS_SPAWN) {
        return (uint64_t)(int64_t)SPAWN_UNKNOWN_TAG;
    }
    int64_t answer = read_request(&request, message);
    if (answer == 0) {
        answer = take_all(&request, message->cookie);
        if (answer == 0) {
            answer = start(&request.program);
        }
        drop_all(&request);
    }
    return (uint64_t)answer;
}

static void *receive(void *unused)
{
    (void)unused;
    uint8_t *const window = pages_get(ANOS_PAGE_BYTES);
    if (window != NULL) {
        service_run(pool.channel, window, handle);
    }
    return NULL;
}

void *process_serve(void *channel)
{
    pool.channel = (uint64_t)channel;
    return receive(NULL);
}
