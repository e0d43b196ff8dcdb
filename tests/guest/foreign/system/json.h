/* A cursor over a JSON text that is known to end with NUL. What does not fit is skipped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
    const char *at;
};

bool json_take(struct json *json, char character);
bool json_string(struct json *json, char *text, size_t size);
bool json_number(struct json *json, uint64_t *number);
void json_skip(struct json *json);
