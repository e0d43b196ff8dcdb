/* What a boot config calls capabilities: "SYSCALL_SLEEP", "PROCESS_CONTROL". */
#ifndef CALLS_H
#define CALLS_H

/* The slot of a name, 0 if there is no such name. */
unsigned calls_slot(const char *name);

/* The name of a slot; NULL if it has none. */
const char *calls_name(unsigned slot);

#endif
