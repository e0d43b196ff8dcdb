/* The lines that were typed before. */
#ifndef HISTORY_H
#define HISTORY_H

#define HISTORY_LINES 64

/* A ring; zeros are an empty one. */
struct history {
    char *lines[HISTORY_LINES];
    unsigned next;
    unsigned count;
};

/* Keep a line, unless it is empty or the one before again; the oldest one goes. */
void history_add(struct history *history, const char *text);

/* The line `back` lines ago, from 1 on; NULL if there is none. */
const char *history_get(const struct history *history, unsigned back);

#endif
