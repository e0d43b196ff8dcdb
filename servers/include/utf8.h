/* UTF-8: one character in, one character out, and names compared without case. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffd

/* Write a character, at most 4 bytes; a lone surrogate becomes U+FFFD. Answers behind it. */
char *utf8_put(char *at, uint32_t point);

/* Read a character and step over it; bytes that are none are U+FFFD each. */
uint32_t utf8_get(const char **at);

/*
 * The small letter for a capital one of ASCII, Latin (up to U+017F), Greek or
 * Cyrillic; every other character is its own.
 */
uint32_t utf8_fold(uint32_t point);

/* Are two strings the same but for case? */
bool utf8_equal(const char *a, const char *b);

#endif
