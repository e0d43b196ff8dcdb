/* Serving a disk to whoever may send to its channel. */
#ifndef SERVICE_H
#define SERVICE_H

#include "disk.h"

/* Answer requests for a disk (block.h), one after the other; returns when its channel is gone. */
void service_run(struct disk *disk);

#endif
