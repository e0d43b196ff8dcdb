/*
 * The console's protocol, on the channel named "CONSOLE".
 *
 *   CONSOLE_WRITE  body: bytes                  -> 1 and how many were written: all
 *   CONSOLE_READ   a page for the answer        -> 1 and how many bytes were read into it,
 *                                                  from its start: at least one
 *
 * Reading waits until somebody has typed. Bytes come as they were typed, one by one or
 * several; editing a line and showing what is typed are the reader's. CONSOLE_END is
 * the end of the input, if it has one. Several readers are served in order, up to
 * CONSOLE_READERS_MAX at a time; the next one is refused with 0, which arrives as
 * ANOS_FAILURE, as is a bad request.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#define CONSOLE_NAME "CONSOLE"
#define CONSOLE_END 0x04 /* Ctrl-D */
#define CONSOLE_READERS_MAX 8

enum console_tag {
    CONSOLE_WRITE = 1,
    CONSOLE_READ = 2,
};

#endif
