/* Commands that the shell has in itself. */
#ifndef COMMAND_H
#define COMMAND_H

#include "flow.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses, as other shells have them. */
enum status {
    STATUS_OK = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,        /* the command cannot be understood */
    STATUS_CANNOT_RUN = 126, /* it is no program */
    STATUS_NOT_FOUND = 127,  /* there is no such command */
    STATUS_STOPPED = 130,    /* by Ctrl-C */
    STATUS_KILLED = 137,     /* a program, by kill */
    STATUS_CRASHED = 139,    /* a program, by a fault */
};

/* One call of a command. A write to `out` that fails says that nobody reads any more. */
struct call {
    int count;               /* of arguments, with the command's name */
    const char *const *arguments;
    FILE *in, *out, *errors;
    const atomic_bool *stop; /* Ctrl-C */
    struct flow *flows;      /* what `in`, `out` and `errors` are made of */
    _Atomic uint64_t *process; /* where a program that runs is noted, so that it can be killed */
};

/* A command: what it does, and what `help` says of it. */
struct builtin {
    const char *name;
    const char *arguments;   /* "[-l] [PATH]..." */
    const char *summary;     /* one line */
    const char *help;        /* lines; NULL: the summary says it all */
    int arguments_min, arguments_max; /* without its name */
    int (*run)(struct call *call);
};

/* Commands by subject; NULL behind the last group, a group ends with a name of NULL. */
struct group {
    const char *name;
    const struct builtin *builtins;
};
extern const struct group command_groups[];

/* The command with this name, or NULL. */
const struct builtin *command_find(const char *name);

/* Run the command, or the program, that the first argument names. */
int command_execute(struct call *call);

/* The same with the arguments from `first` on. */
int command_execute_rest(struct call *call, int first);

/* Say "NAME: SUBJECT: what the errno means" on `errors`; answers STATUS_FAILED. */
int command_fail(const struct call *call, const char *subject, int error);

/* Is this command to end, since it was stopped or nobody reads what it writes? */
bool command_ends(const struct call *call);

#endif
