/* The shell's terminal: the channel named "CONSOLE" (stream.h). */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "line.h"

#include <stdatomic.h>
#include <stddef.h>

/* Wait for the console and begin to read it; false: it cannot be had. */
bool console_open(void);

/* Write bytes; false if the console is gone. Any thread may. */
bool console_write(const char *bytes, size_t count);

/*
 * The next byte that was typed, LINE_EVENT_END when the console is gone, or
 * LINE_EVENT_STOP once `*stop` is set (and console_wake called); NULL: never.
 */
int console_next(const atomic_bool *stop);

/* Have those that wait for a byte look at their `stop` again. */
void console_wake(void);

/*
 * While a job is in the foreground Ctrl-C is not a byte that is read: `interrupt` is called
 * with `context`, at once, in another thread, and calls nothing of this file. NULL: it is a
 * byte again.
 */
void console_on_interrupt(void (*interrupt)(void *context), void *context);

/* A line with the shell's prompt, history and completion. */
enum line_result console_read_line(struct line *line, const char *prompt,
                                   bool (*complete)(void *context, struct line *line));

/* Insert text at the cursor of a line that is being edited. */
void console_insert(struct line *line, const char *text, size_t bytes);

/* A line for a program: no prompt and no history. */
enum line_result console_read_input(struct line *line, const atomic_bool *stop);

#endif
