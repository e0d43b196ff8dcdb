/*
 * The console's server, whatever the console is made of: it has the channel named
 * CONSOLE_NAME and speaks the stream protocol (stream.h).
 */
#ifndef CONSOLE_SERVER_H
#define CONSOLE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where bytes come from and go to. `wait` returns when there may be input, false if there
 * never will be any more; `read` takes the next byte, or answers -1; `request` says that
 * somebody waits for input, or that nobody does any more, and may be NULL. `write` is
 * called by one thread, the others by any, one at a time but for `wait`.
 */
struct console_device {
    bool (*wait)(void *context);
    int (*read)(void *context);
    void (*request)(void *context, bool wanted);
    void (*write)(void *context, const uint8_t *bytes, size_t count);
    void *context;
};

/* Serve the console; returns the program's exit status, if there is a console already. */
int console_serve(const struct console_device *device);

#endif
