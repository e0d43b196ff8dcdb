/* The line editor: what is typed, shown and corrected, until it is a line. */
#ifndef LINE_H
#define LINE_H

#include "history.h"

#include <stddef.h>

#define LINE_BYTES 4096 /* of a line, with its NUL */

/* What is no byte but happens between two of them. */
enum line_event {
    LINE_EVENT_END = -1,  /* there is no more input */
    LINE_EVENT_STOP = -2, /* nobody wants the line any more */
};

enum line_result { LINE_DONE, LINE_END, LINE_ABANDONED };

/* A line while it is edited; the cursor stands before byte `cursor`. */
struct line {
    char text[LINE_BYTES];
    size_t bytes;
    size_t cursor;
};

/*
 * Who types and who sees it. `next` waits for a byte, or answers a line_event; `show`
 * shows bytes. `complete` may insert what follows at the cursor (line_insert) or show
 * choices, and then answers true to have the prompt and the line shown again; NULL: the
 * tabulator does nothing. History is taken from `history` and put there; NULL: none.
 */
struct line_terminal {
    int (*next)(void *context);
    void (*show)(void *context, const char *bytes, size_t count);
    bool (*complete)(void *context, struct line *line);
    void *context;
    struct history *history;
};

/*
 * Read a line. LINE_DONE: it is in `line`, without its end; LINE_END: there was no more
 * input and nothing was typed; LINE_ABANDONED: Ctrl-C, or LINE_EVENT_STOP.
 */
enum line_result line_read(struct line *line, const char *prompt,
                           const struct line_terminal *terminal);

/* Insert text at the cursor, and show it; bytes that do not fit are left out. */
void line_insert(struct line *line, const char *text, size_t bytes,
                 const struct line_terminal *terminal);

#endif
