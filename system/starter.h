/* The filesystem starter: one driver for each storage device. */
#ifndef STARTER_H
#define STARTER_H

/* A thread's start: waits for DEVMAN and its devices, starts drivers, ends. */
void *starter_run(void *unused);

#endif
