/* What a new process finds on its stack (anos-abi 3.5). */
#ifndef STACK_IMAGE_H
#define STACK_IMAGE_H

#include "process.h"

/*
 * Arguments, environment and capabilities. The strings lie one behind the other, each with
 * its NUL: those of the arguments, of which the first is the program's path, then those of
 * the environment. With an environment, one pair more says where it is.
 */
struct start_values {
    unsigned argument_count;
    unsigned environment_count;
    unsigned capability_count;
    size_t string_bytes;
    const char *strings;
    const struct capability_pair *capabilities;
};

/* Bytes of the image, a multiple of 16. It ends where the stack does. */
size_t stack_image_bytes(const struct start_values *values);

/* Write the image; its first byte will be at `stack_pointer` in the new process. */
void stack_image_write(uint8_t *image, uint64_t stack_pointer, const struct start_values *values);

#endif
