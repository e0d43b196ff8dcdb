/* One pass over the line; words are copied into the tokens' own text. */
#include "lexer.h"

#include <stdio.h>
#include <string.h>

struct lexer {
    struct tokens *tokens;
    const char *at; /* in the line */
    size_t used;    /* of the text */
    int status;
    const char *wrong;
};

static void put(struct lexer *lexer, char character)
{
    if (lexer->used == TOKEN_TEXT_BYTES) {
        lexer->wrong = "the line is too long";
        return;
    }
    lexer->tokens->text[lexer->used++] = character;
}

static void put_status(struct lexer *lexer)
{
    char number[16];
    snprintf(number, sizeof number, "%d", lexer->status);
    for (const char *digit = number; *digit != '\0'; digit++) {
        put(lexer, *digit);
    }
    lexer->at += 2;
}

static void add(struct lexer *lexer, enum token_kind kind, const char *text)
{
    struct tokens *const tokens = lexer->tokens;
    if (tokens->count == TOKENS_MAX) {
        lexer->wrong = "the line has too many words";
        return;
    }
    tokens->token[tokens->count++] = (struct token){ kind, text };
}

static void read_quoted(struct lexer *lexer, char quote)
{
    lexer->at++;
    while (*lexer->at != quote && lexer->wrong == NULL) {
        if (*lexer->at == '\0') {
            lexer->wrong = quote == '"' ? "a \" is never closed" : "a ' is never closed";
            return;
        }
        if (quote == '"' && lexer->at[0] == '$' && lexer->at[1] == '?') {
            put_status(lexer);
            continue;
        }
        if (quote == '"' && lexer->at[0] == '\\' && (lexer->at[1] == '"' || lexer->at[1] == '\\')) {
            lexer->at++;
        }
        put(lexer, *lexer->at++);
    }
    lexer->at++;
}

static void read_word(struct lexer *lexer)
{
    const char *const text = lexer->tokens->text + lexer->used;
    while (lexer->wrong == NULL && strchr(" \t|<>&;", *lexer->at) == NULL) { /* nor at NUL */
        if (*lexer->at == '\'' || *lexer->at == '"') {
            read_quoted(lexer, *lexer->at);
        } else if (lexer->at[0] == '$' && lexer->at[1] == '?') {
            put_status(lexer);
        } else {
            if (lexer->at[0] == '\\' && *++lexer->at == '\0') {
                lexer->wrong = "nothing follows the last \\";
                return;
            }
            put(lexer, *lexer->at++);
        }
    }
    put(lexer, '\0');
    add(lexer, TOKEN_WORD, text);
}

static void read_operator(struct lexer *lexer)
{
    static const struct {
        const char *text;
        enum token_kind kind;
    } operators[] = {
        { "&&", TOKEN_AND },    { "||", TOKEN_OR },   { ">>", TOKEN_APPEND }, { "|", TOKEN_PIPE },
        { "&", TOKEN_BACKGROUND }, { ">", TOKEN_WRITE }, { "<", TOKEN_READ },  { ";", TOKEN_NEXT },
    };
    size_t i = 0;
    while (strncmp(lexer->at, operators[i].text, strlen(operators[i].text)) != 0) {
        i++;
    }
    add(lexer, operators[i].kind, operators[i].text);
    lexer->at += strlen(operators[i].text);
}

const char *lexer_read(struct tokens *tokens, const char *line, int status)
{
    struct lexer lexer = { .tokens = tokens, .at = line, .status = status };
    tokens->count = 0;
    while (lexer.wrong == NULL) {
        lexer.at += strspn(lexer.at, " \t");
        if (*lexer.at == '\0' || *lexer.at == '#') {
            break;
        }
        if (lexer.at[0] == '2' && lexer.at[1] == '>') {
            add(&lexer, TOKEN_WRITE_ERRORS, "2>");
            lexer.at += 2;
        } else if (strchr("|<>&;", *lexer.at) != NULL) {
            read_operator(&lexer);
        } else {
            read_word(&lexer);
        }
    }
    tokens->token[tokens->count] = (struct token){ TOKEN_END, "the end of the line" };
    return lexer.wrong;
}
