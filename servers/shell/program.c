/*
 * A program's streams are channels of the shell's, one each, which a thread serves from
 * the flow of the command; so what is behind them, a file or the console, is out of the
 * program's reach. The channels end with the program.
 */
#include "program.h"

#include "console.h"
#include "grant.h"
#include "parser.h"
#include "stream.h"
#include "worker.h"

#include <anos/abi.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STACK_BYTES 0x20000
#define STREAMS 3
#define PAIRS_MAX (START_CAPABILITIES_MAX)
#define ENDED 1 /* bit of the notification */

/* A stream that is served; `flow` is a copy of the command's, so that it can be stopped alone. */
struct served {
    struct running *running;
    struct flow flow;
    uint64_t channel;
};

struct running {
    struct served streams[STREAMS];
    unsigned serving;
    atomic_bool ended; /* the program has */
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct capability_pair pairs[PAIRS_MAX];
};

void program_kill(uint64_t process)
{
    anos_kill_process(process);
}

static uint64_t answer(struct served *served, uint64_t tag, uint64_t bytes, char *page)
{
    if (tag == STREAM_WRITE && served->flow.writes && bytes <= ANOS_PAGE_BYTES) {
        return flow_write(&served->flow, page, bytes) ? 1 + bytes : 0;
    }
    if (tag == STREAM_READ && !served->flow.writes) {
        const ssize_t count = flow_read(&served->flow, page, ANOS_PAGE_BYTES);
        return count < 0 ? 0 : 1 + (uint64_t)count;
    }
    return 0;
}

static void serve(void *argument)
{
    struct served *const served = argument;
    struct running *const running = served->running;
    char *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    uint64_t tag, bytes;
    while (page != NULL) {
        const struct anos_result got = anos_recv_message(served->channel, &tag, &bytes, page);
        if (got.type != ANOS_OK) {
            break;
        }
        anos_reply_message(got.value, answer(served, tag, bytes, page));
    }
    free(page);
    pthread_mutex_lock(&running->lock);
    running->serving--;
    pthread_cond_signal(&running->done);
    pthread_mutex_unlock(&running->lock);
}

/* Serve the command's flows; false if a channel or a thread cannot be had. */
static bool open_streams(struct running *running, const struct call *call)
{
    for (int k = 0; k < STREAMS; k++) {
        struct served *const served = &running->streams[k];
        const struct anos_result channel = anos_create_channel();
        served->running = running;
        served->flow = call->flows[k];
        served->flow.stop = k == 0 ? &running->ended : call->stop;
        served->channel = channel.type == ANOS_OK ? channel.value : 0;
        if (served->channel == 0) {
            return false;
        }
        pthread_mutex_lock(&running->lock);
        running->serving++;
        pthread_mutex_unlock(&running->lock);
        if (!worker_start(serve, served)) {
            running->serving--;
            return false;
        }
    }
    return true;
}

/* The program has ended, or there was none: its streams end, and with them who serves them. */
static void close_streams(struct running *running, const struct call *call)
{
    running->ended = true;
    for (int k = 0; k < STREAMS; k++) {
        if (running->streams[k].channel != 0) {
            anos_destroy_channel(running->streams[k].channel);
        }
    }
    if (call->flows[0].kind == FLOW_PIPE) {
        pipe_break(call->flows[0].pipe);
    }
    console_wake();
    pthread_mutex_lock(&running->lock);
    while (running->serving > 0) {
        pthread_cond_wait(&running->done, &running->lock);
    }
    pthread_mutex_unlock(&running->lock);
    if (running->streams[0].channel != 0) {
        call->flows[0].input = running->streams[0].flow.input;
    }
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The program that a name means, in memory of malloc; NULL and an errno if there is none. */
static char *find(const char *name)
{
    static const char *const patterns[] = { "boot:/%s.elf", "boot:/%s", "%s", "%s.elf" };
    char path[GRANT_PATH_BYTES];
    for (size_t i = strpbrk(name, ":/") != NULL ? 2 : 0; i < 4; i++) {
        const int bytes = snprintf(path, sizeof path, patterns[i], name);
        if (bytes > 0 && (size_t)bytes < sizeof path && is_file(path)) {
            return realpath(path, NULL);
        }
    }
    errno = ENOENT;
    return NULL;
}

static const char *why_not(int64_t error)
{
    switch (error) {
    case SPAWN_NOT_EXECUTABLE:
        return "it is no program for this machine";
    case SPAWN_NO_MEMORY:
        return "there is not enough memory";
    case SPAWN_NO_FILE:
        return "it cannot be read";
    case SPAWN_NOT_HELD:
        return "the shell may not pass on what it is to have";
    case SPAWN_ARGUMENTS_CUT:
    case SPAWN_TOO_MANY:
        return "there are too many arguments";
    default:
        return "SYSTEM does not start it";
    }
}

/* Which of the streams are the console, as libanos is told. */
static void name_terminals(char text[8], const struct call *call)
{
    for (int k = 0; k < STREAMS; k++) {
        if (call->flows[k].kind == FLOW_CONSOLE) {
            *text++ = (char)('0' + k);
        }
    }
    *text = '\0';
}

/* Start the program; returns its pid, or what spawn_start answers. */
static int64_t start(struct running *running, const struct grant *grant, const struct call *call,
                     const char *const *arguments, int count, uint64_t *process, void *page)
{
    char terminals[32] = "ANOS_TERMINALS=";
    char *const directory = getcwd(NULL, 0), *const files = grant_files(grant);
    char *working = NULL;
    int64_t pid = SPAWN_NO_MEMORY;
    name_terminals(terminals + strlen(terminals), call);
    if (directory != NULL && files != NULL && asprintf(&working, "PWD=%s", directory) > 0) {
        const char *const environment[] = { working, files, terminals };
        struct capability_pair *const given = grant_open(grant, running->pairs, call, page);
        struct capability_pair *end = given;
        for (int k = 0; end != NULL && k < STREAMS; k++) {
            const uint64_t rights = ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT;
            *end++ = (struct capability_pair){
                ANOS_CAP_STDIN + (uint64_t)k,
                anos_mint(running->streams[k].channel, rights, 0).value,
            };
        }
        const struct start request = {
            .stack_bytes = STACK_BYTES,
            .arguments = arguments,
            .argument_count = (size_t)count,
            .environment = environment,
            .environment_count = sizeof environment / sizeof environment[0],
            .capabilities = running->pairs,
            .capability_count = end == NULL ? 0 : (size_t)(end - running->pairs),
        };
        pid = end == NULL ? 1 : spawn_start(&request, process, page);
        if (end != NULL) {
            grant_close(running->pairs, given);
        }
    }
    free(directory);
    free(files);
    free(working);
    return pid;
}

/* Wait for a program's end; its exit status or an enum status. */
static int wait_for(uint64_t process, const struct call *call, const char *name)
{
    const uint64_t notification = anos_create_notification().value;
    struct anos_result result = anos_watch_process(process, notification, ENDED);
    *call->process = process;
    if (*call->stop || result.type != ANOS_OK) {
        anos_kill_process(process);
    }
    if (result.type == ANOS_OK) {
        anos_wait(notification, ENDED, 0);
    }
    *call->process = 0;
    result = anos_process_status(process);
    anos_drop(notification);
    if (result.type != ANOS_OK) { /* under `bearer` SYSTEM may have forgotten it by now */
        fprintf(call->errors, "%s: it has ended, but how is not known\n", name);
        return STATUS_FAILED;
    }
    switch (result.value >> 32) {
    case ANOS_END_EXITED:
        return (int)(result.value & 0xff);
    case ANOS_END_FAULTED:
        fprintf(call->errors, "%s: crashed; the kernel's report is in the log\n", name);
        return STATUS_CRASHED;
    default:
        if (!*call->stop) {
            fprintf(call->errors, "%s: killed\n", name);
        }
        return STATUS_KILLED;
    }
}

static int run_path(struct call *call, const struct grant *grant, const char *path,
                    const char *const *arguments, int count)
{
    struct running *const running = calloc(1, sizeof *running);
    void *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    const char *all[ARGUMENTS_MAX + 1];
    uint64_t process = 0;
    int64_t pid = SPAWN_NO_MEMORY;
    int status = STATUS_CANNOT_RUN;
    if (running != NULL && page != NULL) {
        pthread_mutex_init(&running->lock, NULL);
        pthread_cond_init(&running->done, NULL);
        for (int i = 0; i < count; i++) {
            all[i] = i == 0 ? path : arguments[i];
        }
        fflush(call->out);
        if (open_streams(running, call)) {
            pid = start(running, grant, call, all, count, &process, page);
        }
        if (process != 0) {
            status = wait_for(process, call, arguments[0]);
            anos_drop(process);
        }
        close_streams(running, call);
    }
    if (pid <= 0) {
        fprintf(call->errors, "%s: %s\n", arguments[0], why_not(pid));
    }
    free(page);
    free(running);
    return status;
}

static int run_with(struct call *call, const struct grant *grant, const char *const *arguments,
                    int count)
{
    char *const path = find(arguments[0]);
    if (path == NULL) {
        fprintf(call->errors, "%s: there is no such command or program; `help` lists commands\n",
                arguments[0]);
        return STATUS_NOT_FOUND;
    }
    const int status = run_path(call, grant, path, arguments, count);
    free(path);
    return status;
}

int program_run(struct call *call)
{
    struct grant grant;
    grant_begin(&grant);
    return run_with(call, &grant, call->arguments, call->count);
}

int program_run_with(struct call *call)
{
    struct grant grant;
    int first = 1;
    grant_begin(&grant);
    while (first + 1 < call->count && strcmp(call->arguments[first], "--with") == 0) {
        const int status = grant_add(&grant, call, call->arguments[first + 1]);
        if (status != STATUS_OK) {
            return status;
        }
        first += 2;
    }
    if (first == call->count || strncmp(call->arguments[first], "--", 2) == 0) {
        fprintf(call->errors, "usage: run [--with CAP]... PROGRAM [ARGUMENT]...\n");
        return STATUS_USAGE;
    }
    return run_with(call, &grant, call->arguments + first, call->count - first);
}
