/*
 * The stack image, ascending: capc, capv, argc, argv; the argument pointers,
 * without NULL behind them; the capability pairs; the strings, which end with
 * the last word; one word more if the words are odd.
 */
#include "stack_image.h"

#include <string.h>

#define HEADER_WORDS 4
#define WORD_BYTES sizeof(uint64_t)

static size_t words_before_filler(const struct start_values *values)
{
    return HEADER_WORDS + values->argument_count + 2 * (size_t)values->capability_count +
           (values->string_bytes + WORD_BYTES - 1) / WORD_BYTES;
}

size_t stack_image_bytes(const struct start_values *values)
{
    return (words_before_filler(values) + 1) / 2 * 2 * WORD_BYTES;
}

void stack_image_write(uint8_t *image, uint64_t stack_pointer, const struct start_values *values)
{
    uint64_t *const words = (uint64_t *)image;
    const size_t pointers_at = HEADER_WORDS;
    const size_t pairs_at = pointers_at + values->argument_count;
    const size_t strings_at = words_before_filler(values) * WORD_BYTES - values->string_bytes;

    memset(image, 0, stack_image_bytes(values));
    words[0] = values->capability_count;
    words[1] = values->capability_count == 0 ? 0 : stack_pointer + pairs_at * WORD_BYTES;
    words[2] = values->argument_count;
    words[3] = stack_pointer + pointers_at * WORD_BYTES;
    const char *string = values->strings;
    for (unsigned i = 0; i < values->argument_count; i++) {
        words[pointers_at + i] = stack_pointer + strings_at + (size_t)(string - values->strings);
        string += strlen(string) + 1;
    }
    memcpy(&words[pairs_at], values->capabilities,
           values->capability_count * sizeof *values->capabilities);
    memcpy(image + strings_at, values->strings, values->string_bytes);
}
