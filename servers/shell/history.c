/* A ring of lines, each in memory of its own. */
#include "history.h"

#include <stdlib.h>
#include <string.h>

const char *history_get(const struct history *history, unsigned back)
{
    return back == 0 || back > history->count
               ? NULL
               : history->lines[(history->next + HISTORY_LINES - back) % HISTORY_LINES];
}

void history_add(struct history *history, const char *text)
{
    const char *const last = history_get(history, 1);
    if (text[0] == '\0' || (last != NULL && strcmp(last, text) == 0)) {
        return;
    }
    char *const copy = strdup(text);
    if (copy == NULL) {
        return;
    }
    free(history->lines[history->next]);
    history->lines[history->next] = copy;
    history->next = (history->next + 1) % HISTORY_LINES;
    history->count += history->count < HISTORY_LINES;
}
