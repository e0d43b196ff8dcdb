/* Programs cannot be started yet. */
#include "program.h"

int program_run(struct call *call, const char *name, const char *const *arguments, int count)
{
    (void)arguments;
    (void)count;
    fprintf(call->errors, "%s: there is no such command; `help` lists them\n", name);
    return STATUS_NOT_FOUND;
}

void program_kill(uint64_t process)
{
    (void)process;
}
