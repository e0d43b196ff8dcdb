/* The parser: a line's tokens as pipelines. */
#ifndef PARSER_H
#define PARSER_H

#include "lexer.h"

#define ARGUMENTS_MAX 62 /* SYSTEM takes 64, and `run` adds none */
#define STAGES_MAX 8

/* A command with its redirections; texts are those of the tokens. */
struct command {
    int argument_count;
    const char *arguments[ARGUMENTS_MAX + 1]; /* NULL behind the last */
    const char *input, *output, *errors;      /* paths; NULL: none */
    bool append;                              /* to `output` */
};

enum pipeline_end { PIPELINE_NEXT, PIPELINE_AND, PIPELINE_OR };

/* Commands whose outputs are the inputs of the next ones. */
struct pipeline {
    struct command commands[STAGES_MAX];
    size_t count;
    bool background;
    enum pipeline_end end; /* whether the next one runs: always, or by the status */
};

/*
 * Read the pipeline at `*position` and move that behind it; a pipeline without commands is
 * the end of the line. NULL, or what is wrong with the line.
 */
const char *parser_read(struct pipeline *pipeline, const struct tokens *tokens, size_t *position);

#endif
