/* The table of commands, and what all of them do alike. */
#include "command.h"

#include "builtins.h"
#include "program.h"

#include <string.h>

const struct group command_groups[] = {
    { "Directories", name_builtins },
    { "Files", file_builtins },
    { "Mounts", mount_builtins },
    { "Programs", process_builtins },
    { "System", system_builtins },
    { "Shell", shell_builtins },
    { NULL, NULL },
};

const struct builtin *command_find(const char *name)
{
    for (const struct group *group = command_groups; group->name != NULL; group++) {
        for (const struct builtin *each = group->builtins; each->name != NULL; each++) {
            if (strcmp(each->name, name) == 0) {
                return each;
            }
        }
    }
    return NULL;
}

int command_execute(struct call *call)
{
    const struct builtin *const builtin = command_find(call->arguments[0]);
    const int count = call->count - 1;
    if (builtin == NULL) {
        return program_run(call);
    }
    if (count < builtin->arguments_min || count > builtin->arguments_max) {
        fprintf(call->errors, "usage: %s %s\n", builtin->name, builtin->arguments);
        return STATUS_USAGE;
    }
    return builtin->run(call);
}

int command_execute_rest(struct call *call, int first)
{
    struct call rest = *call;
    rest.count -= first;
    rest.arguments += first;
    return command_execute(&rest);
}

int command_fail(const struct call *call, const char *subject, int error)
{
    fprintf(call->errors, "%s: %s: %s\n", call->arguments[0], subject, strerror(error));
    return STATUS_FAILED;
}

bool command_ends(const struct call *call)
{
    return *call->stop || ferror(call->out);
}
