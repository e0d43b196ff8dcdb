/* Which program drives which class of device. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include "function.h"

/* Start the driver of a function, if there is one for its class. */
void drivers_start(const struct function *function);

#endif
