/*
 * The watchdog: a thread that looks after commands that are under way, at each tick (10 ms).
 *
 * Interrupts get lost and drives hang, so nobody may wait for one alone. While nothing is
 * under way the watchdog sleeps without a limit, and the machine is quiet.
 */
#ifndef WATCH_H
#define WATCH_H

#include "disk.h"

/* Watch over some disks from now on; false if there is no thread for it. */
bool watch_start(struct disk *disks, unsigned count);

/*
 * Something is under way, or has failed, in a queue whose lock is held. Costs next to nothing
 * while the watchdog is awake.
 */
void watch_wake(void);

#endif
