/* Serving a disk to whoever may send to its channel. */
#ifndef SERVICE_H
#define SERVICE_H

#include "disk.h"

/*
 * Take in requests for a disk (block.h) as long as there is room for them; the disk's
 * queue has them answered. A thread's start; ends when the channel is gone.
 */
void *service_run(void *disk);

#endif
