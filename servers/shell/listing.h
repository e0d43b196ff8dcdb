/* Directories as `ls` shows them. */
#ifndef LISTING_H
#define LISTING_H

#include "command.h"

/* The command ls. */
int listing_run(struct call *call);

#endif
