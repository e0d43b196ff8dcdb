/* Programs: ELF files that SYSTEM starts for the shell. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "command.h"

/*
 * Run the program that the first argument names, with what every program gets, and wait
 * for its end. Answers its exit status, or an enum status; what went wrong is said on
 * `errors`.
 */
int program_run(struct call *call);

/* The command run: the same with what `--with` names besides. */
int program_run_with(struct call *call);

/* End a program, at once. Any thread may. */
void program_kill(uint64_t process);

#endif
