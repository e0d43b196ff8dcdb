/* The lexer: a line as words and operators. */
#ifndef LEXER_H
#define LEXER_H

#include <stddef.h>

#define TOKENS_MAX 256
#define TOKEN_TEXT_BYTES 0x4000 /* of all words of a line */

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_PIPE,         /* |  */
    TOKEN_READ,         /* <  */
    TOKEN_WRITE,        /* >  */
    TOKEN_APPEND,       /* >> */
    TOKEN_WRITE_ERRORS, /* 2> */
    TOKEN_BACKGROUND,   /* &  */
    TOKEN_AND,          /* && */
    TOKEN_OR,           /* || */
    TOKEN_NEXT,         /* ;  */
};

struct token {
    enum token_kind kind;
    const char *text; /* of a word, its quotes removed */
};

/* The tokens of a line, TOKEN_END behind them. */
struct tokens {
    struct token token[TOKENS_MAX + 1];
    size_t count;
    char text[TOKEN_TEXT_BYTES];
};

/*
 * Read a line. Blanks separate words; 'text' is literal, "text" is too but for \" \\ and
 * `$?`, a backslash takes the next character as it is, `$?` becomes `status`, and # at the
 * begin of a word makes the rest a comment. NULL, or what is wrong with the line.
 */
const char *lexer_read(struct tokens *tokens, const char *line, int status);

#endif
