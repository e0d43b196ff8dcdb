/* Jobs: pipelines that run. */
#ifndef JOB_H
#define JOB_H

#include "parser.h"

/*
 * Run a pipeline and wait for its end, unless it runs in the background. Answers the exit
 * status of its last command.
 */
int job_run(const struct pipeline *pipeline);

/* Call `each` for every job in the background: its number and its first command. */
void job_each(void (*each)(void *context, unsigned number, const char *command), void *context);

/* Stop a job in the background; false: there is none with this number. */
bool job_stop(unsigned number);

#endif
