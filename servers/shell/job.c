/*
 * Each command of a pipeline is a stage with three flows. The only command of a job in the
 * foreground runs in the shell's own thread, all others in threads of worker.h.
 *
 * Stopping a job is setting its `stop`, breaking its pipes and killing its programs; its
 * commands notice, and the job ends as it always does: with the last of its stages.
 */
#include "job.h"

#include "command.h"
#include "console.h"
#include "flow.h"
#include "program.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct stage {
    struct job *job;
    struct command command; /* its texts are the job's own */
    struct flow flows[3];   /* in, out, errors */
    _Atomic uint64_t process; /* a program that runs; 0: none */
    int status;
};

struct job {
    struct job *next; /* in the background */
    unsigned number;
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    size_t count, running;
    bool background;
    struct stage stages[STAGES_MAX];
    char *text;
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct job *background_jobs;
static unsigned last_number;

static void complain(const char *subject, int error)
{
    char text[1200];
    const int bytes = snprintf(text, sizeof text, "%.1024s: %s\n", subject, strerror(error));
    console_write(text, (size_t)bytes);
}

/* Copy a text to `*room` and move that behind it; NULL stays NULL. */
static const char *keep(char **room, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    char *const copy = *room;
    *room = stpcpy(copy, text) + 1;
    return copy;
}

static size_t text_bytes(const struct pipeline *pipeline)
{
    size_t bytes = 0;
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct command *const command = &pipeline->commands[i];
        const char *const paths[] = { command->input, command->output, command->errors };
        for (int k = 0; k < command->argument_count; k++) {
            bytes += strlen(command->arguments[k]) + 1;
        }
        for (int k = 0; k < 3; k++) {
            bytes += paths[k] == NULL ? 0 : strlen(paths[k]) + 1;
        }
    }
    return bytes;
}

static struct job *create(const struct pipeline *pipeline)
{
    struct job *const job = calloc(1, sizeof *job);
    char *room = malloc(text_bytes(pipeline));
    if (job == NULL || room == NULL) {
        free(job);
        free(room);
        return NULL;
    }
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->ended, NULL);
    job->text = room;
    job->count = job->running = pipeline->count;
    job->background = pipeline->background;
    for (size_t i = 0; i < job->count; i++) {
        struct stage *const stage = &job->stages[i];
        struct command *const command = &stage->command;
        *command = pipeline->commands[i];
        for (int k = 0; k < command->argument_count; k++) {
            command->arguments[k] = keep(&room, command->arguments[k]);
        }
        command->input = keep(&room, command->input);
        command->output = keep(&room, command->output);
        command->errors = keep(&room, command->errors);
        stage->job = job;
        for (int k = 0; k < 3; k++) {
            stage->flows[k] = (struct flow){ .writes = k > 0, .stop = &job->stop };
        }
    }
    return job;
}

static void destroy(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        for (int k = 0; k < 3; k++) {
            flow_close(&job->stages[i].flows[k]);
        }
    }
    pthread_cond_destroy(&job->ended);
    pthread_mutex_destroy(&job->lock);
    free(job->text);
    free(job);
}

static bool open_file(struct flow *flow, const char *path, int flags)
{
    flow->file = open(path, flags, 0644);
    if (flow->file < 0) {
        complain(path, errno);
        return false;
    }
    flow->kind = FLOW_FILE;
    return true;
}

/* The pipe from stage `i` to the next one. */
static bool connect(struct job *job, size_t i)
{
    struct pipe *const pipe = pipe_create();
    if (pipe == NULL) {
        complain("pipe", ENOMEM);
        return false;
    }
    struct flow *const out = &job->stages[i].flows[1], *const in = &job->stages[i + 1].flows[0];
    out->kind = in->kind = FLOW_PIPE;
    out->pipe = in->pipe = pipe;
    return true;
}

static bool redirect(struct flow *flow, const char *path, int flags)
{
    if (path == NULL) {
        return true;
    }
    flow_close(flow);
    flow->writes = (flags & O_ACCMODE) != O_RDONLY;
    return open_file(flow, path, flags);
}

static bool open_flows(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        struct flow *const flows = job->stages[i].flows;
        const struct command *const command = &job->stages[i].command;
        if (i == 0 && !job->background) {
            flows[0].kind = FLOW_CONSOLE;
        }
        if (i + 1 == job->count) {
            flows[1].kind = FLOW_CONSOLE;
        } else if (!connect(job, i)) {
            return false;
        }
        flows[2].kind = FLOW_CONSOLE;
        const int write = O_WRONLY | O_CREAT | (command->append ? O_APPEND : O_TRUNC);
        if (!redirect(&flows[0], command->input, O_RDONLY) ||
            !redirect(&flows[1], command->output, write) ||
            !redirect(&flows[2], command->errors, O_WRONLY | O_CREAT | O_TRUNC)) {
            return false;
        }
    }
    return true;
}

static int run_command(struct stage *stage)
{
    FILE *files[3];
    for (int k = 0; k < 3; k++) {
        files[k] = flow_file(&stage->flows[k]);
        if (files[k] == NULL) {
            while (k > 0) {
                fclose(files[--k]);
            }
            complain(stage->command.arguments[0], ENOMEM);
            return STATUS_FAILED;
        }
    }
    struct call call = {
        .count = stage->command.argument_count,
        .arguments = stage->command.arguments,
        .in = files[0],
        .out = files[1],
        .errors = files[2],
        .stop = &stage->job->stop,
        .flows = stage->flows,
        .process = &stage->process,
    };
    int status = command_execute(&call);
    if (fflush(files[1]) != 0 && errno != EPIPE && status == STATUS_OK && !*call.stop) {
        status = command_fail(&call, "standard output", errno);
    }
    for (int k = 0; k < 3; k++) {
        fclose(files[k]);
    }
    return *call.stop ? STATUS_STOPPED : status;
}

static void forget(struct job *job)
{
    pthread_mutex_lock(&list_lock);
    struct job **place = &background_jobs;
    while (*place != job) {
        place = &(*place)->next;
    }
    *place = job->next;
    pthread_mutex_unlock(&list_lock);
}

static void run_stage(void *argument)
{
    struct stage *const stage = argument;
    struct job *const job = stage->job;
    stage->status = run_command(stage);
    pthread_mutex_lock(&job->lock); /* who breaks pipes holds it */
    for (int k = 0; k < 3; k++) {
        flow_close(&stage->flows[k]);
    }
    const bool is_last = --job->running == 0;
    pthread_cond_broadcast(&job->ended);
    const bool ends = is_last && job->background;
    pthread_mutex_unlock(&job->lock);
    if (ends) {
        char text[64];
        const int bytes = snprintf(text, sizeof text, "[%u] ended with status %d\n", job->number,
                                   job->stages[job->count - 1].status);
        forget(job);
        console_write(text, (size_t)bytes);
        destroy(job);
    }
}

/* May be called while stages end. */
static void stop(void *context)
{
    struct job *const job = context;
    pthread_mutex_lock(&job->lock);
    job->stop = true;
    for (size_t i = 0; i < job->count; i++) {
        struct stage *const stage = &job->stages[i];
        for (int k = 0; k < 3; k++) {
            if (stage->flows[k].kind == FLOW_PIPE) {
                pipe_break(stage->flows[k].pipe);
            }
        }
        if (stage->process != 0) {
            program_kill(stage->process);
        }
    }
    pthread_mutex_unlock(&job->lock);
}

static void start_stages(struct job *job)
{
    if (job->count == 1 && !job->background) {
        run_stage(&job->stages[0]);
        return;
    }
    const size_t count = job->count; /* a job in the background may be gone afterwards */
    for (size_t i = 0; i < count; i++) {
        if (!worker_start(run_stage, &job->stages[i])) {
            run_stage(&job->stages[i]); /* one after the other, then */
        }
    }
}

static int run_in_background(struct job *job)
{
    char text[32];
    pthread_mutex_lock(&list_lock);
    job->number = ++last_number;
    job->next = background_jobs;
    background_jobs = job;
    pthread_mutex_unlock(&list_lock);
    const int bytes = snprintf(text, sizeof text, "[%u]\n", job->number);
    console_write(text, (size_t)bytes);
    start_stages(job);
    return STATUS_OK;
}

int job_run(const struct pipeline *pipeline)
{
    struct job *const job = create(pipeline);
    if (job == NULL) {
        complain(pipeline->commands[0].arguments[0], ENOMEM);
        return STATUS_FAILED;
    }
    if (!open_flows(job)) {
        destroy(job);
        return STATUS_FAILED;
    }
    if (job->background) {
        return run_in_background(job);
    }
    console_on_interrupt(stop, job);
    start_stages(job);
    pthread_mutex_lock(&job->lock);
    while (job->running > 0) {
        pthread_cond_wait(&job->ended, &job->lock);
    }
    pthread_mutex_unlock(&job->lock);
    console_on_interrupt(NULL, NULL);
    const int status = job->stop ? STATUS_STOPPED : job->stages[job->count - 1].status;
    destroy(job);
    return status;
}

void job_each(void (*each)(void *context, unsigned number, const char *command), void *context)
{
    pthread_mutex_lock(&list_lock);
    for (const struct job *job = background_jobs; job != NULL; job = job->next) {
        each(context, job->number, job->stages[0].command.arguments[0]);
    }
    pthread_mutex_unlock(&list_lock);
}

bool job_stop(unsigned number)
{
    pthread_mutex_lock(&list_lock);
    struct job *job = background_jobs;
    while (job != NULL && job->number != number) {
        job = job->next;
    }
    if (job != NULL) {
        stop(job);
    }
    pthread_mutex_unlock(&list_lock);
    return job != NULL;
}
