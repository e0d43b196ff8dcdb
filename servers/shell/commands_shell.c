/* What is about the shell itself: help, echo, scripts, time, jobs, the end. */
#include "builtins.h"
#include "console.h"
#include "job.h"
#include "shell.h"

#include <anos/abi.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATUS_MAX 255
#define NAP_NS 20000000 /* how soon a sleeper hears of Ctrl-C */
#define NS_PER_SECOND 1000000000

static void help_all(struct call *call)
{
    for (const struct group *group = command_groups; group->name != NULL; group++) {
        fprintf(call->out, "%s\n", group->name);
        for (const struct builtin *each = group->builtins; each->name != NULL; each++) {
            fprintf(call->out, "  %-8s %s\n", each->name, each->summary);
        }
    }
    fputs("`help COMMAND` tells more. Another word runs the program of that name. Commands are\n"
          "joined by | ; && || & and redirected by < > >> 2>; quotes and \\ keep blanks.\n",
          call->out);
}

static int help(struct call *call)
{
    if (call->count == 1) {
        help_all(call);
        return STATUS_OK;
    }
    const struct builtin *const builtin = command_find(call->arguments[1]);
    if (builtin == NULL) {
        fprintf(call->errors, "help: there is no command %s\n", call->arguments[1]);
        return STATUS_FAILED;
    }
    fprintf(call->out, "usage: %s %s\n%s\n", builtin->name, builtin->arguments, builtin->summary);
    if (builtin->help != NULL) {
        fprintf(call->out, "%s\n", builtin->help);
    }
    return STATUS_OK;
}

static int echo(struct call *call)
{
    const int first = call->count > 1 && strcmp(call->arguments[1], "-n") == 0 ? 2 : 1;
    for (int i = first; i < call->count; i++) {
        fprintf(call->out, "%s%s", i > first ? " " : "", call->arguments[i]);
    }
    if (first == 1) {
        fputc('\n', call->out);
    }
    return STATUS_OK;
}

/* A number from 0 on at the begin of `text`; false if there is something else. */
static bool read_number(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *number <= max;
}

static int switch_off(struct call *call)
{
    uint64_t status = (uint64_t)shell_status();
    if (call->count == 2 && !read_number(call->arguments[1], STATUS_MAX, &status)) {
        return command_fail(call, call->arguments[1], EINVAL);
    }
    shell_power(ANOS_POWER_OFF, (int)status);
    return command_fail(call, "the machine", EPERM);
}

static int reboot(struct call *call)
{
    shell_power(ANOS_POWER_REBOOT, 0);
    return command_fail(call, "the machine", EPERM);
}

/* "1.5" as nanoseconds; false if it is something else. */
static bool read_seconds(const char *text, uint64_t *ns)
{
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= 1e9)) {
        return false;
    }
    *ns = (uint64_t)(seconds * NS_PER_SECOND);
    return true;
}

static int sleep_for(struct call *call)
{
    uint64_t left;
    if (!read_seconds(call->arguments[1], &left)) {
        return command_fail(call, call->arguments[1], EINVAL);
    }
    while (left > 0 && !*call->stop) {
        const uint64_t nap = left < NAP_NS ? left : NAP_NS;
        anos_task_sleep_current(nap);
        left -= nap;
    }
    return STATUS_OK;
}

static int measure(struct call *call)
{
    const uint64_t begin = anos_clock(ANOS_CLOCK_UPTIME).value;
    const int status = command_execute_rest(call, 1);
    const uint64_t us = (anos_clock(ANOS_CLOCK_UPTIME).value - begin) / 1000;
    fflush(call->out);
    fprintf(call->errors, "%" PRIu64 ".%06" PRIu64 " s\n", us / 1000000, us % 1000000);
    return status;
}

static int run_file(struct call *call)
{
    const int status = shell_file(call->arguments[1]);
    return status < 0 ? command_fail(call, call->arguments[1], errno) : status;
}

static void show_job(void *context, unsigned number, const char *command)
{
    fprintf(context, "[%u] %s\n", number, command);
}

static int jobs(struct call *call)
{
    job_each(show_job, call->out);
    return STATUS_OK;
}

static int show_status(struct call *call)
{
    return call->arguments[0][0] == 't' ? STATUS_OK : STATUS_FAILED;
}

const struct builtin shell_builtins[] = {
    { "help", "[COMMAND]", "the commands, or one of them", NULL, 0, 1, help },
    { "echo", "[-n] [WORD]...", "print words",
      "-n: without the end of the line. `$?` is the status of the command before:\n"
      "  cat disk0:/nothing ; echo $?",
      0, ANY_COUNT, echo },
    { "sleep", "SECONDS", "wait, by the machine's clock", "SECONDS may be a fraction: 0.5", 1, 1,
      sleep_for },
    { "time", "COMMAND [WORD]...", "how long a command takes, by the machine's clock", NULL, 1,
      ANY_COUNT, measure },
    { "source", "FILE", "run the lines of a file",
      "Its status is that of the last line. Ctrl-C ends it.", 1, 1, run_file },
    { "jobs", "", "what runs in the background",
      "COMMAND & runs in the background; `kill %NUMBER` ends it.", 0, 0, jobs },
    { "true", "", "nothing, with status 0", NULL, 0, ANY_COUNT, show_status },
    { "false", "", "nothing, with status 1", NULL, 0, ANY_COUNT, show_status },
    { "poweroff", "[STATUS]", "switch the machine off",
      "Files are on their disks then. STATUS, 0 to 255, is the run's exit status; without it,\n"
      "the status of the command before. So does the end of the input (Ctrl-D).",
      0, 1, switch_off },
    { "reboot", "", "start the machine anew", "Files are on their disks then.", 0, 0, reboot },
    { .name = NULL },
};
