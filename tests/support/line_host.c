/*
 * The shell's line editor, lexer and parser on the host: stdin is typed, a byte at a time;
 * each line that is done goes to stdout as "=" and the line, each that is abandoned as "^",
 * and what it is for the parser behind it. With an argument, what the terminal shows goes to
 * stdout instead.
 */
#include "line.h"
#include "parser.h"

#include <stdio.h>
#include <string.h>

static bool shows;
static struct history history;

static int next(void *context)
{
    (void)context;
    const int byte = getchar();
    return byte == EOF ? LINE_EVENT_END : byte;
}

static void show(void *context, const char *bytes, size_t count)
{
    (void)context;
    if (shows) {
        fwrite(bytes, 1, count, stdout);
    }
}

static bool complete(void *context, struct line *line)
{
    const struct line_terminal terminal = { .show = show };
    (void)context;
    line_insert(line, "tab", 3, &terminal);
    return line->bytes % 2 == 0;
}

static void print_command(const struct command *command)
{
    printf("  ");
    for (int i = 0; i < command->argument_count; i++) {
        printf("[%s]", command->arguments[i]);
    }
    if (command->input != NULL) {
        printf(" <[%s]", command->input);
    }
    if (command->output != NULL) {
        printf(" %s[%s]", command->append ? ">>" : ">", command->output);
    }
    if (command->errors != NULL) {
        printf(" 2>[%s]", command->errors);
    }
    printf("\n");
}

static void print_line(const char *text)
{
    static struct tokens tokens;
    static struct pipeline pipeline;
    size_t position = 0;
    const char *wrong = lexer_read(&tokens, text, 7);
    do {
        wrong = wrong != NULL ? wrong : parser_read(&pipeline, &tokens, &position);
        for (size_t i = 0; wrong == NULL && i < pipeline.count; i++) {
            print_command(&pipeline.commands[i]);
        }
        if (wrong == NULL && pipeline.count > 0) {
            printf("  %s\n", pipeline.background                ? "&"
                             : pipeline.end == PIPELINE_AND ? "&&"
                             : pipeline.end == PIPELINE_OR  ? "||"
                                                            : ";");
        }
    } while (wrong == NULL && pipeline.count > 0);
    if (wrong != NULL) {
        printf("  ! %s\n", wrong);
    }
}

int main(int argc, char **argv)
{
    static struct line line;
    const struct line_terminal terminal = {
        .next = next,
        .show = show,
        .complete = complete,
        .history = &history,
    };
    (void)argv;
    shows = argc > 1;
    for (;;) {
        switch (line_read(&line, "> ", &terminal)) {
        case LINE_DONE:
            if (!shows) {
                printf("=%s\n", line.text);
                print_line(line.text);
            }
            break;
        case LINE_ABANDONED:
            if (!shows) {
                printf("^\n");
            }
            break;
        case LINE_END:
            return 0;
        }
    }
}
