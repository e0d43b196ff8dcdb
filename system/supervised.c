/* Records of programs that are restarted. The supervisor's lock is held by who calls. */
#include "supervised.h"

#include "process.h"
#include "taken.h"

#include <anos/abi.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)
#define KEPT_MIN 32 /* a power of 2 */
#define CHANNEL_RIGHTS \
    (ANOS_RIGHT_SEND | ANOS_RIGHT_RECEIVE | ANOS_RIGHT_NAME | ANOS_RIGHT_GRANT)

/* The program as it was asked for, and behind its own capabilities one to us. */
static void fill(struct supervised *server, const struct program *program)
{
    const struct start_values *const values = &program->values;
    const unsigned count = values->capability_count;
    memcpy(server->strings, values->strings, values->string_bytes);
    memcpy(server->pairs, values->capabilities, count * sizeof server->pairs[0]);
    for (unsigned i = 0; i < count; i++) {
        server->rights[i] = program->rights == NULL ? 0 : program->rights[i];
        taken_share(server->pairs[i].cookie);
    }
    server->pairs[count] = (struct capability_pair){ ANOS_CAP_SUPERVISOR, server->cookie };
    server->rights[count] = ANOS_RIGHT_SEND;
    server->program = *program;
    server->program.values.capability_count = count + 1;
    server->program.values.capabilities = server->pairs;
    server->program.values.strings = server->strings;
    server->program.rights = server->rights;
}

struct supervised *supervised_make(const struct program *program,
                                   const struct anos_boot_entry *manifest, uint64_t channel,
                                   uint64_t badge)
{
    struct supervised *const server = calloc(1, sizeof *server);
    char *const strings = malloc(program->values.string_bytes);
    const struct anos_result minted =
        anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, badge);
    const bool has_badge = minted.type == ANOS_OK && minted.value != channel;
    if (server == NULL || strings == NULL || !has_badge ||
        program->values.capability_count >= ANOS_CAPABILITY_SLOTS) {
        free(server);
        free(strings);
        if (has_badge) {
            anos_drop(minted.value);
        }
        return NULL;
    }
    server->manifest = manifest;
    server->strings = strings;
    server->badge = badge;
    server->cookie = minted.value;
    fill(server, program);
    return server;
}

void supervised_free(struct supervised *server)
{
    if (server->heartbeat != NULL) {
        heartbeat_end(server->heartbeat);
    }
    for (unsigned i = 0; i < SUPERVISED_CHANNELS_MAX; i++) {
        if (server->channels[i] != 0) {
            anos_destroy_channel(server->channels[i]);
        }
    }
    for (size_t i = 0; i < server->kept_count; i++) {
        if (server->kept[i].cookie != 0) {
            taken_put(server->kept[i].cookie);
        }
    }
    free(server->kept);
    if (server->memory != 0) {
        anos_drop(server->memory);
    }
    anos_drop(server->cookie);
    for (unsigned i = 0; i + 1 < server->program.values.capability_count; i++) {
        taken_put(server->pairs[i].cookie);
    }
    free(server->strings);
    free(server);
}

bool supervised_is(const struct supervised *server, const struct program *program)
{
    const struct start_values *const values = &server->program.values;
    return values->argument_count == program->values.argument_count &&
           values->string_bytes == program->values.string_bytes &&
           memcmp(values->strings, program->values.strings, values->string_bytes) == 0;
}

int64_t supervised_run(struct supervised *server)
{
    server->generation++;
    server->due_ns = 0;
    server->follows = false;
    for (unsigned i = 0; i < SUPERVISED_CHANNELS_MAX; i++) {
        if (server->channels[i] != 0) {
            anos_supervise_channel(server->channels[i], server->generation + 1);
        }
    }
    const int64_t pid = loader_start(&server->program, NULL);
    server->pid = pid > 0 ? (uint64_t)pid : 0;
    return pid;
}

uint64_t supervised_back_off(struct supervised *server, uint64_t now_ns)
{
    const struct anos_boot_restart *const restart = &server->manifest->restart;
    const uint64_t within_ns = restart->within_ms * NS_PER_MS;
    const uint64_t most_ns = restart->backoff_max_ms * NS_PER_MS;
    unsigned recent = 0;
    server->ends_ns[server->end_count++ % SUPERVISED_ENDS_MAX] = now_ns;
    for (unsigned i = 0; i < SUPERVISED_ENDS_MAX && i < server->end_count; i++) {
        recent += now_ns - server->ends_ns[i] < within_ns;
    }
    if (recent > restart->limit) {
        return UINT64_MAX;
    }
    uint64_t wait_ns = recent > 1 ? restart->backoff_ms * NS_PER_MS : 0;
    for (unsigned i = 2; i < recent && wait_ns < most_ns; i++) {
        wait_ns *= 2;
    }
    return wait_ns < most_ns ? wait_ns : most_ns;
}

/* The channel with this number; it is made when it is asked for first. */
static uint64_t channel(struct supervised *server, uint64_t number)
{
    if (number >= SUPERVISED_CHANNELS_MAX) {
        return 0;
    }
    if (server->channels[number] == 0) {
        server->channels[number] = anos_create_channel().value;
        anos_supervise_channel(server->channels[number], server->generation + 1);
        const uint64_t period_ns = server->manifest->restart.heartbeat_ms * NS_PER_MS;
        if (number == 0 && period_ns > 0) {
            server->heartbeat = heartbeat_begin(server->channels[0], period_ns);
        }
    }
    return server->channels[number];
}

static uint64_t memory(struct supervised *server, uint64_t bytes)
{
    if (server->memory == 0) {
        server->memory = anos_create_memory(bytes).value;
        server->memory_bytes = bytes;
    }
    return server->memory_bytes == bytes ? server->memory : 0;
}

/* Where what is kept under a key is, or, for key 0, a free place; NULL if there is none. */
static struct kept *find_kept(const struct supervised *server, uint64_t key)
{
    for (size_t i = 0; i < server->kept_count; i++) {
        if (server->kept[i].key == key) {
            return &server->kept[i];
        }
    }
    return NULL;
}

/* A free place; NULL without memory, or if there are too many. */
static struct kept *free_place(struct supervised *server)
{
    struct kept *const found = find_kept(server, 0);
    if (found != NULL || server->kept_count == SUPERVISED_KEPT_MAX) {
        return found;
    }
    const size_t count = server->kept_count == 0 ? KEPT_MIN : 2 * server->kept_count;
    struct kept *const kept = realloc(server->kept, count * sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    memset(kept + server->kept_count, 0, (count - server->kept_count) * sizeof *kept);
    server->kept = kept;
    server->kept_count = count;
    return find_kept(server, 0);
}

/* Keep a capability under a key in place of what is kept there; cookie 0: nothing. */
static uint64_t keep(struct supervised *server, uint64_t message, const struct process_keep *wanted)
{
    if (wanted->key == 0) {
        return 0;
    }
    const uint64_t taken =
        wanted->cookie == 0 ? 0 : taken_get(message, wanted->cookie, 0);
    if (wanted->cookie != 0 && taken == 0) {
        return 0;
    }
    struct kept *at = find_kept(server, wanted->key);
    if (at == NULL && taken != 0 && (at = free_place(server)) == NULL) {
        taken_put(taken);
        return 0;
    }
    if (at != NULL) {
        if (at->cookie != 0) {
            taken_put(at->cookie);
        }
        *at = (struct kept){ taken == 0 ? 0 : wanted->key, taken };
    }
    return 1;
}

uint64_t supervised_handle(struct supervised *server, const struct service_message *message)
{
    struct process_keep wanted = { 0 };
    memcpy(&wanted, message->page,
           message->bytes < sizeof wanted ? message->bytes : sizeof wanted);
    const struct kept *at;
    switch (message->tag) {
    case PROCESS_GENERATION:
        return server->generation;
    case PROCESS_CHANNEL:
        return anos_give(message->cookie, channel(server, wanted.key), CHANNEL_RIGHTS).value;
    case PROCESS_MEMORY:
        return anos_give(message->cookie, memory(server, wanted.key),
                         ANOS_RIGHT_READ | ANOS_RIGHT_WRITE).value;
    case PROCESS_KEEP:
        return keep(server, message->cookie, &wanted);
    case PROCESS_KEPT:
        at = wanted.key == 0 ? NULL : find_kept(server, wanted.key);
        return at == NULL ? 0 : anos_give(message->cookie, at->cookie, 0).value;
    default:
        return 0;
    }
}
