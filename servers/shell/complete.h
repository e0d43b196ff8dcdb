/* Completion: what the tabulator adds. */
#ifndef COMPLETE_H
#define COMPLETE_H

#include "line.h"

/*
 * Complete the word before the cursor: a command at the line's begin, else a path. Inserts
 * what all choices begin with; if that is nothing, shows them and answers true.
 */
bool complete(void *context, struct line *line);

#endif
