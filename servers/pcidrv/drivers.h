/* Starting the drivers of what is found. */
#ifndef DRIVERS_H
#define DRIVERS_H

#include "function.h"

/* Start the driver of a function, if the boot config has one. */
void drivers_start(const struct function *function);

#endif
