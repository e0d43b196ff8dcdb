/*
 * The stack image, ascending: capc, capv, argc, argv; the argument pointers,
 * without NULL behind them; the capability pairs; with an environment, its
 * pointers and NULL; the strings, which end with the last word; one word more if
 * the words are odd.
 */
#include "stack_image.h"

#include <anos/abi.h>
#include <string.h>

#define HEADER_WORDS 4
#define WORD_BYTES sizeof(uint64_t)

static size_t pair_count(const struct start_values *values)
{
    return values->capability_count + (values->environment_count > 0);
}

/* Of the pointers to the environment, with the NULL. */
static size_t environment_words(const struct start_values *values)
{
    return values->environment_count > 0 ? values->environment_count + 1 : 0;
}

static size_t words_before_filler(const struct start_values *values)
{
    return HEADER_WORDS + values->argument_count + 2 * pair_count(values) +
           environment_words(values) + (values->string_bytes + WORD_BYTES - 1) / WORD_BYTES;
}

size_t stack_image_bytes(const struct start_values *values)
{
    return (words_before_filler(values) + 1) / 2 * 2 * WORD_BYTES;
}

/* Write the addresses of so many strings; `*address` is that of the first, then behind them. */
static const char *write_pointers(uint64_t *words, unsigned count, const char *string,
                                  uint64_t *address)
{
    for (unsigned i = 0; i < count; i++) {
        const size_t bytes = strlen(string) + 1;
        words[i] = *address;
        *address += bytes;
        string += bytes;
    }
    return string;
}

void stack_image_write(uint8_t *image, uint64_t stack_pointer, const struct start_values *values)
{
    uint64_t *const words = (uint64_t *)image;
    const size_t pointers_at = HEADER_WORDS;
    const size_t pairs_at = pointers_at + values->argument_count;
    const size_t environment_at = pairs_at + 2 * pair_count(values);
    const size_t strings_at = words_before_filler(values) * WORD_BYTES - values->string_bytes;

    memset(image, 0, stack_image_bytes(values));
    words[0] = pair_count(values);
    words[1] = words[0] == 0 ? 0 : stack_pointer + pairs_at * WORD_BYTES;
    words[2] = values->argument_count;
    words[3] = stack_pointer + pointers_at * WORD_BYTES;
    uint64_t address = stack_pointer + strings_at;
    const char *const environment =
        write_pointers(&words[pointers_at], values->argument_count, values->strings, &address);
    write_pointers(&words[environment_at], values->environment_count, environment, &address);
    memcpy(&words[pairs_at], values->capabilities,
           values->capability_count * sizeof *values->capabilities);
    if (values->environment_count > 0) {
        words[environment_at - 2] = ANOS_CAP_ENVIRONMENT;
        words[environment_at - 1] = stack_pointer + environment_at * WORD_BYTES;
    }
    memcpy(image + strings_at, values->strings, values->string_bytes);
}
