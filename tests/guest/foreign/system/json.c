/* See json.h. */
#include "json.h"
#include "libc.h"

static void skip_blanks(struct json *json)
{
    while (*json->at == ' ' || *json->at == '\n' || *json->at == '\t' || *json->at == '\r') {
        json->at++;
    }
}

/* Pass over one character of structure, if it is the next. */
bool json_take(struct json *json, char character)
{
    skip_blanks(json);
    if (*json->at != character) {
        return false;
    }
    json->at++;
    return true;
}

bool json_string(struct json *json, char *text, size_t size)
{
    if (!json_take(json, '"')) {
        return false;
    }
    size_t used = 0;
    for (; *json->at != '"' && *json->at != 0; json->at++) {
        if (*json->at == '\\' && json->at[1] != 0) {
            json->at++;
        }
        if (used + 1 < size) {
            text[used++] = *json->at;
        }
    }
    text[used] = 0;
    return json_take(json, '"');
}

bool json_number(struct json *json, uint64_t *number)
{
    skip_blanks(json);
    *number = parse_number(json->at, 10);
    const char *begin = json->at;
    while (*json->at >= '0' && *json->at <= '9') {
        json->at++;
    }
    return json->at != begin;
}

/* Pass over one value of any kind. */
void json_skip(struct json *json)
{
    char ignored[2];
    int depth = 0;
    do {
        skip_blanks(json);
        if (*json->at == '"') {
            json_string(json, ignored, sizeof ignored);
        } else if (*json->at == '{' || *json->at == '[') {
            depth++;
            json->at++;
        } else if (*json->at == '}' || *json->at == ']') {
            depth--;
            json->at++;
        } else if (*json->at != 0) {
            json->at++;
            if (depth == 0) {
                while (*json->at != 0 && strchr(",]}", *json->at) == NULL) {
                    json->at++;
                }
            }
        }
    } while (depth > 0 && *json->at != 0);
}
