/* Programs: ELF files that SYSTEM starts for the shell. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "command.h"

/*
 * Run a program with arguments, the first of which is its name, and wait for its end.
 * Answers its exit status, or an enum status; what went wrong is said on `errors`.
 */
int program_run(struct call *call, const char *name, const char *const *arguments, int count);

/* End a program, at once. Any thread may. */
void program_kill(uint64_t process);

#endif
