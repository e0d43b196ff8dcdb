/*
 * Requests to start a program. A child holds at most what its requester holds, because
 * each cookie of the request is taken from the requester, and at most its manifest if
 * the boot config has one; streams and directories are not a manifest's business.
 */
#include "start_request.h"

#include "boot.h"
#include "taken.h"

#include <string.h>

/* The size of a PROCESS_SPAWN counts the header as 16 bytes, the pairs begin behind 12. */
#define COUNTED_HEADER_BYTES 16

_Static_assert(sizeof(struct process_start) == COUNTED_HEADER_BYTES, "both count alike");

/* The bytes of so many strings in `*used` more; returns 0 or a negative spawn_error. */
static int64_t read_strings(unsigned count, const char *strings, size_t bytes, size_t *used)
{
    for (unsigned i = 0; i < count; i++) {
        if (*used == bytes) {
            return SPAWN_ARGUMENTS_CUT;
        }
        const size_t length = strnlen(strings + *used, bytes - *used);
        if (length == bytes - *used) {
            return SPAWN_ARGUMENT_CUT;
        }
        *used += length + 1;
    }
    return *used == 0 ? SPAWN_ARGUMENTS_CUT : 0;
}

/* What both kinds of request have; the pairs and the strings follow at `pairs`. */
static int64_t read_body(struct start_request *request, const uint8_t *pairs, size_t left,
                         uint64_t stack_bytes)
{
    struct start_values *const values = &request->program.values;
    const size_t pair_bytes = values->capability_count * sizeof(struct capability_pair);
    if (pair_bytes > left) {
        return SPAWN_CAPABILITIES_CUT;
    }
    memcpy(request->capabilities, pairs, pair_bytes);
    values->capabilities = request->capabilities;
    values->strings = (const char *)pairs + pair_bytes;
    request->program.rights = request->rights;
    request->program.stack_bytes = stack_bytes;
    request->program.thread_class = ANOS_CLASS_NORMAL;
    const int64_t wrong = read_strings(values->argument_count, values->strings, left - pair_bytes,
                                       &values->string_bytes);
    return wrong != 0 ? wrong
                      : read_strings(values->environment_count, values->strings,
                                     left - pair_bytes, &values->string_bytes);
}

static int64_t read_spawn(struct start_request *request, size_t left)
{
    const struct spawn_request *const body = (const struct spawn_request *)request->bytes;
    if (body->argument_count > SPAWN_ARGUMENTS_MAX ||
        body->capability_count > SPAWN_CAPABILITIES_MAX) {
        return SPAWN_TOO_MANY;
    }
    request->program.values = (struct start_values){
        .argument_count = body->argument_count,
        .capability_count = body->capability_count,
    };
    return read_body(request, (const uint8_t *)body->capabilities, left, body->stack_bytes);
}

static int64_t read_start(struct start_request *request, size_t left)
{
    const struct process_start *const body = (const struct process_start *)request->bytes;
    if (body->argument_count > SPAWN_ARGUMENTS_MAX ||
        body->capability_count > START_CAPABILITIES_MAX ||
        body->environment_count > START_ENVIRONMENT_MAX) {
        return SPAWN_TOO_MANY;
    }
    request->program.values = (struct start_values){
        .argument_count = body->argument_count,
        .environment_count = body->environment_count,
        .capability_count = body->capability_count,
    };
    return read_body(request, (const uint8_t *)body->capabilities, left, body->stack_bytes);
}

int64_t start_request_read(struct start_request *request, const struct service_message *message)
{
    request->program = (struct program){ 0 };
    request->taken_count = 0;
    if (message->bytes < COUNTED_HEADER_BYTES) {
        return SPAWN_TOO_SHORT;
    }
    memcpy(request->bytes, message->page, message->bytes);
    const size_t left = message->bytes - COUNTED_HEADER_BYTES;
    return message->tag == PROCESS_START ? read_start(request, left) : read_spawn(request, left);
}

/* Is a cookie of SYSTEM's what a manifest means by an id? */
static bool is_what_it_says(uint64_t cookie, uint64_t id)
{
    const uint64_t what = anos_inspect(cookie).value;
    if (id == ANOS_CAP_PROCESS_CONTROL) {
        return cookie == __syscall_capabilities[ANOS_CAP_PROCESS_CONTROL] ||
               what == anos_inspect(__syscall_capabilities[ANOS_CAP_PROCESS_CONTROL]).value;
    }
    if (id == ANOS_CAP_INTERRUPT_VECTORS) {
        return what >> 32 == ANOS_OBJECT_VECTORS;
    }
    if (id >= ANOS_CAP_DEVICE_MEMORY) {
        return what >> 32 == ANOS_OBJECT_PHYSICAL;
    }
    return what == ((uint64_t)ANOS_OBJECT_CALL << 32 | id);
}

/* Is it a stream or a directory: what whoever starts a program decides, and no manifest? */
static bool is_for_one_run(uint64_t id)
{
    return (id >= ANOS_FIRST_DIRECTORY_SLOT &&
            id < ANOS_FIRST_DIRECTORY_SLOT + ANOS_DIRECTORY_SLOTS) ||
           (id >= ANOS_CAP_STDIN && id <= ANOS_CAP_STDERR);
}

/*
 * SYSTEM's own cookie for one of the requester's: 0 if the manifest does not
 * have it, or if it is another thing's cookie. False: it is not held.
 */
static bool take(struct start_request *request, unsigned index, uint64_t message,
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

int64_t start_request_take(struct start_request *request, uint64_t message)
{
    const struct start_values *const values = &request->program.values;
    const struct anos_boot_entry *const manifest = boot_manifest(values->strings);
    for (unsigned i = 0; i < values->capability_count; i++) {
        const bool is_free = is_for_one_run(request->capabilities[i].id);
        if (!take(request, i, message, is_free ? NULL : manifest)) {
            return SPAWN_NOT_HELD;
        }
    }
    return 0;
}

void start_request_drop(const struct start_request *request)
{
    for (unsigned i = 0; i < request->taken_count; i++) {
        taken_put(request->taken[i]);
    }
}
