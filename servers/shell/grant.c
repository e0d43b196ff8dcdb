/*
 * --with CAP is one of
 *
 *   PATH:r  PATH:rw  PATH   a file or directory; alone it is :rw
 *   SYSCALL_NAME            a call
 *   a group's name          the calls that some kinds of programs need
 */
#include "grant.h"

#include "calls.h"
#include "file_client.h"
#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SLOT(name) ANOS_SYS_##name

static const uint8_t every_program[] = {
    SLOT(SEND_MESSAGE),  SLOT(SLEEP),          SLOT(CREATE_THREAD), SLOT(CREATE_REGION),
    SLOT(DESTROY_REGION), SLOT(UNMAP_VIRTUAL), SLOT(FUTEX_WAIT),    SLOT(FUTEX_WAKE),
    SLOT(CLOCK),         SLOT(EXIT_PROCESS),   SLOT(KILL_CURRENT_TASK),
};

static const uint8_t files[] = { SLOT(FIND_NAMED_CHANNEL) };
static const uint8_t log_calls[] = { SLOT(DEBUG_PRINT) };
static const uint8_t server[] = {
    SLOT(CREATE_CHANNEL), SLOT(DESTROY_CHANNEL),        SLOT(RECV_MESSAGE),
    SLOT(REPLY_MESSAGE),  SLOT(REGISTER_NAMED_CHANNEL), SLOT(DEREGISTER_NAMED_CHANNEL),
    SLOT(FIND_NAMED_CHANNEL),
};

static const struct {
    const char *name;
    const uint8_t *calls;
    size_t count;
} groups[] = {
    { "files", files, sizeof files },
    { "log", log_calls, sizeof log_calls },
    { "server", server, sizeof server },
};

static void add_all(struct grant *grant, const uint8_t *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        grant->calls[calls[i]] = true;
    }
}

void grant_begin(struct grant *grant)
{
    *grant = (struct grant){ 0 };
    add_all(grant, every_program, sizeof every_program);
}

static int add_path(struct grant *grant, const struct call *call, const char *name)
{
    char path[GRANT_PATH_BYTES];
    const size_t bytes = strlen(name);
    if (bytes >= sizeof path) {
        return command_fail(call, name, ENAMETOOLONG);
    }
    if (grant->path_count == ANOS_DIRECTORY_SLOTS) {
        fprintf(call->errors, "run: a program can have %d paths and no more\n",
                ANOS_DIRECTORY_SLOTS);
        return STATUS_USAGE;
    }
    strcpy(path, name);
    struct grant_path *const added = &grant->paths[grant->path_count];
    added->rights = FILE_MAY_READ | FILE_MAY_WRITE;
    char *const colon = strrchr(path, ':');
    if (colon != NULL && (strcmp(colon, ":r") == 0 || strcmp(colon, ":rw") == 0)) {
        added->rights = colon[2] == 'w' ? FILE_MAY_READ | FILE_MAY_WRITE : FILE_MAY_READ;
        *colon = '\0';
    }
    char *const whole = realpath(path, NULL);
    if (whole == NULL || strlen(whole) >= sizeof added->path) {
        const int error = whole == NULL ? errno : ENAMETOOLONG;
        free(whole);
        return command_fail(call, path, error);
    }
    strcpy(added->path, whole);
    free(whole);
    grant->path_count++;
    return STATUS_OK;
}

int grant_add(struct grant *grant, const struct call *call, const char *name)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strcmp(name, groups[i].name) == 0) {
            add_all(grant, groups[i].calls, groups[i].count);
            return STATUS_OK;
        }
    }
    if (strchr(name, ':') != NULL) {
        return add_path(grant, call, name);
    }
    const unsigned slot = calls_slot(name);
    if (slot == 0) {
        return add_path(grant, call, name);
    }
    if (__syscall_capabilities[slot] == 0) {
        fprintf(call->errors, "run: --with %s: the shell does not hold it\n", name);
        return STATUS_FAILED;
    }
    grant->calls[slot] = true;
    return STATUS_OK;
}

void grant_close(const struct capability_pair *pairs, const struct capability_pair *end)
{
    for (; pairs < end; pairs++) {
        if (pairs->id >= ANOS_FIRST_DIRECTORY_SLOT &&
            pairs->id < ANOS_FIRST_DIRECTORY_SLOT + ANOS_DIRECTORY_SLOTS) {
            handle_close(pairs->cookie);
        }
    }
}

struct capability_pair *grant_open(const struct grant *grant, struct capability_pair *pairs,
                                   const struct call *call, void *page)
{
    struct capability_pair *next = pairs;
    for (unsigned slot = 0; slot < ANOS_CAPABILITY_SLOTS; slot++) {
        if (grant->calls[slot]) {
            *next++ = (struct capability_pair){ slot, __syscall_capabilities[slot] };
        }
    }
    for (unsigned i = 0; i < grant->path_count; i++) {
        const struct grant_path *const named = &grant->paths[i];
        uint64_t handle = 0;
        const int64_t error = handle_open(named->path, named->rights, &handle, page);
        if (error != 0) {
            fprintf(call->errors, "run: --with %s: %s\n", named->path, file_error_text(error));
            grant_close(pairs, next);
            return NULL;
        }
        *next++ = (struct capability_pair){ ANOS_FIRST_DIRECTORY_SLOT + i, handle };
    }
    return next;
}

char *grant_files(const struct grant *grant)
{
    static const char name[] = "ANOS_FILES=";
    size_t bytes = sizeof name;
    for (unsigned i = 0; i < grant->path_count; i++) {
        bytes += strlen(grant->paths[i].path) + 1;
    }
    char *const text = malloc(bytes), *end = text;
    if (text != NULL) {
        end = stpcpy(end, name);
        for (unsigned i = 0; i < grant->path_count; i++) {
            end = stpcpy(end, i > 0 ? ";" : "");
            end = stpcpy(end, grant->paths[i].path);
        }
    }
    return text;
}
