/* Threads that do one thing after the other: they are kept, since ending one frees nothing. */
#ifndef WORKER_H
#define WORKER_H

/* Have a thread call `work(argument)`, soon; false if there is none and none can be made. */
bool worker_start(void (*work)(void *argument), void *argument);

#endif
