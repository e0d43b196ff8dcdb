/* The groups of commands: each is in a file of its own, `commands_<group>.c`. */
#ifndef BUILTINS_H
#define BUILTINS_H

#include "command.h"

#define ANY_COUNT 1000 /* of arguments */

extern const struct builtin file_builtins[];
extern const struct builtin name_builtins[];
extern const struct builtin mount_builtins[];
extern const struct builtin process_builtins[];
extern const struct builtin system_builtins[];
extern const struct builtin shell_builtins[];

#endif
