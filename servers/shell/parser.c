/*
 *   line     = [ pipeline { ( ";" | "&" | "&&" | "||" ) [ pipeline ] } ]
 *   pipeline = command { "|" command }
 *   command  = ( word | redirection ) { word | redirection }
 *   redirection = ( "<" | ">" | ">>" | "2>" ) word
 *
 * A line is read pipeline by pipeline, so those before a mistake would run: whoever runs a
 * line reads it to its end first.
 */
#include "parser.h"

static const char *redirect(struct command *command, enum token_kind kind, const char *path)
{
    const char **const place = kind == TOKEN_READ           ? &command->input
                               : kind == TOKEN_WRITE_ERRORS ? &command->errors
                                                            : &command->output;
    if (*place != NULL) {
        return "a command is redirected twice";
    }
    *place = path;
    command->append |= kind == TOKEN_APPEND;
    return NULL;
}

static bool is_redirection(enum token_kind kind)
{
    return kind == TOKEN_READ || kind == TOKEN_WRITE || kind == TOKEN_APPEND ||
           kind == TOKEN_WRITE_ERRORS;
}

static const char *read_command(struct command *command, const struct token **at)
{
    *command = (struct command){ 0 };
    while ((*at)->kind == TOKEN_WORD || is_redirection((*at)->kind)) {
        if (is_redirection((*at)->kind)) {
            const enum token_kind kind = (*at)++->kind;
            if ((*at)->kind != TOKEN_WORD) {
                return "a file's name is missing behind < or >";
            }
            const char *const wrong = redirect(command, kind, (*at)->text);
            if (wrong != NULL) {
                return wrong;
            }
        } else if (command->argument_count == ARGUMENTS_MAX) {
            return "a command has too many words";
        } else {
            command->arguments[command->argument_count++] = (*at)->text;
        }
        (*at)++;
    }
    return command->argument_count == 0 ? "a command is missing" : NULL;
}

static const char *read_end(struct pipeline *pipeline, const struct token **at)
{
    pipeline->end = PIPELINE_NEXT;
    switch ((*at)->kind) {
    case TOKEN_END:
        return NULL;
    case TOKEN_NEXT:
        break;
    case TOKEN_BACKGROUND:
        pipeline->background = true;
        break;
    case TOKEN_AND:
        pipeline->end = PIPELINE_AND;
        break;
    case TOKEN_OR:
        pipeline->end = PIPELINE_OR;
        break;
    default:
        return "something is in a place where it cannot be";
    }
    (*at)++;
    return pipeline->end != PIPELINE_NEXT && (*at)->kind == TOKEN_END
               ? "a command is missing at the end"
               : NULL;
}

const char *parser_read(struct pipeline *pipeline, const struct tokens *tokens, size_t *position)
{
    const struct token *at = &tokens->token[*position];
    pipeline->count = 0;
    pipeline->background = false;
    if (at->kind == TOKEN_END) {
        return NULL;
    }
    do {
        at += pipeline->count > 0; /* the '|' */
        if (pipeline->count == STAGES_MAX) {
            return "a pipe has too many commands";
        }
        const char *const wrong = read_command(&pipeline->commands[pipeline->count++], &at);
        if (wrong != NULL) {
            return wrong;
        }
    } while (at->kind == TOKEN_PIPE);
    const char *const wrong = read_end(pipeline, &at);
    *position = (size_t)(at - tokens->token);
    return wrong;
}
