/*
 * The stream protocol: bytes in order, one way or both.
 *
 *   STREAM_WRITE  body: bytes                  -> 1 and how many were written
 *   STREAM_READ   a page for the answer        -> 1 and how many bytes were read into it,
 *                                                 from its start
 *
 * The console is the channel named CONSOLE_NAME; a program's standard input, output and
 * error are the channels in slots ANOS_CAP_STDIN, ANOS_CAP_STDOUT and ANOS_CAP_STDERR; a
 * pipe and a redirection are channels of the shell.
 *
 * Reading waits until there is at least one byte; an answer of 1, no bytes, is the end of
 * the stream. An answer of 0, which arrives as ANOS_FAILURE, or a channel that is gone says
 * that nobody reads any more, or that the request was bad.
 *
 * On the console bytes come as they were typed, one by one or several; editing a line and
 * showing what is typed are the reader's. CONSOLE_END is the end of its input, if it has
 * one. Several readers are served in order, up to CONSOLE_READERS_MAX at a time; the next
 * one is refused with 0. Who reads asks for input: the next line of a script is typed, or
 * of a pipe. The shell, which listens for Ctrl-C all the time, can do both apart:
 *
 *   STREAM_WATCH  as STREAM_READ, but it asks for nothing
 *   STREAM_WANT   no body  -> 1: asks for input, if there is none yet
 */
#ifndef STREAM_H
#define STREAM_H

#define CONSOLE_NAME "CONSOLE"
#define SCREEN_NAME "SCREEN" /* kterminal: what is written there is on the screen */
#define CONSOLE_END 0x04 /* Ctrl-D */
#define CONSOLE_READERS_MAX 8

enum stream_tag {
    STREAM_WRITE = 1,
    STREAM_READ = 2,
    STREAM_WATCH = 3, /* of the console only, as the next one */
    STREAM_WANT = 4,
};

#endif
