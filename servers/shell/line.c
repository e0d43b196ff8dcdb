/*
 * The line editor. Keys are those of most shells:
 *
 *   Left Right Ctrl-B Ctrl-F      a character        Home End Ctrl-A Ctrl-E   begin, end
 *   Up Down Ctrl-P Ctrl-N         history            Tab                      complete
 *   Backspace Delete              erase one          Ctrl-W Ctrl-U Ctrl-K     word, before, behind
 *   Ctrl-L                        clear the screen   Ctrl-C                   abandon the line
 *   Ctrl-D                        the end, on an empty line; else as Delete
 *
 * Cursor keys are ANSI sequences (ECMA-48, 5.4): ESC [ parameters, then a letter or '~'.
 * A character is a UTF-8 sequence and takes one column. Typing at the end of a line shows
 * what is typed and nothing else, so a script reads well.
 */
#include "line.h"

#include <stdio.h>
#include <string.h>

#define CONTROL(letter) ((letter) & 0x1f)
#define ESCAPE 0x1b
#define RUBOUT 0x7f
#define PARAMETERS_MAX 16 /* bytes of an ANSI sequence */

enum key { KEY_NONE, KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE };

/* What an edit needs: the line, and where to show it. */
struct editing {
    struct line *line;
    const char *prompt;
    const struct line_terminal *terminal;
    unsigned back; /* in the history: how many lines; 0: the one being typed */
    char typed[LINE_BYTES];
};

static void show(const struct line_terminal *terminal, const char *bytes, size_t count)
{
    if (count > 0) {
        terminal->show(terminal->context, bytes, count);
    }
}

static void show_text(const struct line_terminal *terminal, const char *text)
{
    show(terminal, text, strlen(text));
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static size_t columns(const char *text, size_t bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        count += !continues(text[i]);
    }
    return count;
}

static void move_left(const struct line_terminal *terminal, size_t count)
{
    char text[24];
    if (count > 0) {
        snprintf(text, sizeof text, "\x1b[%zuD", count);
        show_text(terminal, text);
    }
}

/* Show what is behind the cursor again, and go back to it. */
static void show_rest(const struct line *line, const struct line_terminal *terminal)
{
    const char *const rest = line->text + line->cursor;
    const size_t bytes = line->bytes - line->cursor;
    show(terminal, rest, bytes);
    show_text(terminal, "\x1b[K");
    move_left(terminal, columns(rest, bytes));
}

static void show_all(const struct editing *editing)
{
    show_text(editing->terminal, "\r");
    show_text(editing->terminal, editing->prompt);
    show(editing->terminal, editing->line->text, editing->line->cursor);
    show_rest(editing->line, editing->terminal);
}

void line_insert(struct line *line, const char *text, size_t bytes,
                 const struct line_terminal *terminal)
{
    const size_t room = LINE_BYTES - 1 - line->bytes;
    if (bytes > room) {
        show_text(terminal, "\a");
        bytes = room;
    }
    char *const at = line->text + line->cursor;
    const bool at_end = line->cursor == line->bytes;
    memmove(at + bytes, at, line->bytes - line->cursor);
    memcpy(at, text, bytes);
    line->bytes += bytes;
    line->cursor += bytes;
    line->text[line->bytes] = '\0';
    show(terminal, text, bytes);
    if (!at_end) {
        show_rest(line, terminal);
    }
}

/* Begin of the character before `at`, end of the one behind it. */
static size_t before(const struct line *line, size_t at)
{
    while (at > 0 && continues(line->text[--at])) {
    }
    return at;
}

static size_t behind(const struct line *line, size_t at)
{
    while (at < line->bytes && continues(line->text[++at])) {
    }
    return at < line->bytes ? at : line->bytes;
}

static void move_to(const struct editing *editing, size_t to)
{
    struct line *const line = editing->line;
    if (to < line->cursor) {
        move_left(editing->terminal, columns(line->text + to, line->cursor - to));
    } else {
        show(editing->terminal, line->text + line->cursor, to - line->cursor);
    }
    line->cursor = to;
}

/* Erase [begin, end), which the cursor is in or at the end of. */
static void erase(const struct editing *editing, size_t begin, size_t end)
{
    struct line *const line = editing->line;
    if (begin == end) {
        return;
    }
    move_to(editing, begin);
    memmove(line->text + begin, line->text + end, line->bytes - end);
    line->bytes -= end - begin;
    line->text[line->bytes] = '\0';
    show_rest(line, editing->terminal);
}

static size_t word_begin(const struct line *line)
{
    size_t at = line->cursor;
    while (at > 0 && line->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && line->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void replace(const struct editing *editing, const char *text)
{
    struct line *const line = editing->line;
    line->bytes = strnlen(text, LINE_BYTES - 1);
    memmove(line->text, text, line->bytes);
    line->text[line->bytes] = '\0';
    line->cursor = line->bytes;
    show_all(editing);
}

static void recall(struct editing *editing, unsigned back)
{
    if (editing->terminal->history == NULL) {
        return;
    }
    const char *const text =
        back == 0 ? editing->typed : history_get(editing->terminal->history, back);
    if (text == NULL) {
        return;
    }
    if (editing->back == 0) {
        strcpy(editing->typed, editing->line->text);
    }
    editing->back = back;
    replace(editing, text);
}

/* The rest of a sequence that ESC began. A byte that ends the input in it ends that, too. */
static enum key read_sequence(const struct line_terminal *terminal, int *event)
{
    int parameter = 0;
    int byte = terminal->next(terminal->context);
    if (byte == '[' || byte == 'O') {
        for (int i = 0; i < PARAMETERS_MAX; i++) {
            byte = terminal->next(terminal->context);
            if (byte < '0' || byte > '?') {
                break;
            }
            parameter = byte <= '9' && parameter < 100 ? 10 * parameter + byte - '0' : parameter;
        }
    } else if (byte >= 0) {
        return KEY_NONE;
    }
    *event = byte < 0 ? byte : 0;
    switch (byte) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case '~':
        return parameter == 1 || parameter == 7   ? KEY_HOME
               : parameter == 4 || parameter == 8 ? KEY_END
               : parameter == 3                   ? KEY_DELETE
                                                  : KEY_NONE;
    default:
        return KEY_NONE;
    }
}

static void press(struct editing *editing, enum key key)
{
    struct line *const line = editing->line;
    switch (key) {
    case KEY_UP:
        recall(editing, editing->back + 1);
        break;
    case KEY_DOWN:
        if (editing->back > 0) {
            recall(editing, editing->back - 1);
        }
        break;
    case KEY_RIGHT:
        move_to(editing, behind(line, line->cursor));
        break;
    case KEY_LEFT:
        move_to(editing, before(line, line->cursor));
        break;
    case KEY_HOME:
        move_to(editing, 0);
        break;
    case KEY_END:
        move_to(editing, line->bytes);
        break;
    case KEY_DELETE:
        erase(editing, line->cursor, behind(line, line->cursor));
        break;
    case KEY_NONE:
        break;
    }
}

static void complete(struct editing *editing)
{
    const struct line_terminal *const terminal = editing->terminal;
    if (terminal->complete != NULL && terminal->complete(terminal->context, editing->line)) {
        show_all(editing);
    }
}

/* What a control character does, but for those that end the line. */
static void control(struct editing *editing, int byte)
{
    struct line *const line = editing->line;
    switch (byte) {
    case CONTROL('A'):
        press(editing, KEY_HOME);
        break;
    case CONTROL('B'):
        press(editing, KEY_LEFT);
        break;
    case CONTROL('D'):
        press(editing, KEY_DELETE);
        break;
    case CONTROL('E'):
        press(editing, KEY_END);
        break;
    case CONTROL('F'):
        press(editing, KEY_RIGHT);
        break;
    case CONTROL('H'):
    case RUBOUT:
        erase(editing, before(line, line->cursor), line->cursor);
        break;
    case CONTROL('I'):
        complete(editing);
        break;
    case CONTROL('K'):
        erase(editing, line->cursor, line->bytes);
        break;
    case CONTROL('L'):
        show_text(editing->terminal, "\x1b[H\x1b[2J");
        show_all(editing);
        break;
    case CONTROL('N'):
        press(editing, KEY_DOWN);
        break;
    case CONTROL('P'):
        press(editing, KEY_UP);
        break;
    case CONTROL('U'):
        erase(editing, 0, line->cursor);
        break;
    case CONTROL('W'):
        erase(editing, word_begin(line), line->cursor);
        break;
    default:
        break;
    }
}

static enum line_result finish(const struct editing *editing, enum line_result result)
{
    move_to(editing, editing->line->bytes);
    if (result != LINE_END || editing->prompt[0] != '\0') {
        show_text(editing->terminal, result == LINE_ABANDONED ? "^C\n" : "\n");
    }
    if (result == LINE_DONE && editing->terminal->history != NULL) {
        history_add(editing->terminal->history, editing->line->text);
    }
    return result;
}

enum line_result line_read(struct line *line, const char *prompt,
                           const struct line_terminal *terminal)
{
    static struct editing editing; /* one line is read at a time */
    editing = (struct editing){ .line = line, .prompt = prompt, .terminal = terminal };
    line->bytes = line->cursor = 0;
    line->text[0] = '\0';
    show_text(terminal, prompt);
    for (;;) {
        int byte = terminal->next(terminal->context);
        if (byte == ESCAPE) {
            int event = 0;
            press(&editing, read_sequence(terminal, &event));
            if (event == 0) {
                continue;
            }
            byte = event;
        }
        if (byte == LINE_EVENT_STOP) {
            return LINE_ABANDONED;
        }
        if (byte == CONTROL('C')) {
            return finish(&editing, LINE_ABANDONED);
        }
        if (byte == '\r' || byte == '\n') {
            return finish(&editing, LINE_DONE);
        }
        if (byte == LINE_EVENT_END || (byte == CONTROL('D') && line->bytes == 0)) {
            return finish(&editing, line->bytes == 0 ? LINE_END : LINE_DONE);
        }
        if (byte >= ' ' && byte != RUBOUT) {
            const char typed = (char)byte;
            line_insert(line, &typed, 1, terminal);
        } else {
            control(&editing, byte);
        }
    }
}
