/* The few library functions that these programs use. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *left, const void *right, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t size);
int strncmp(const char *left, const char *right, size_t size);
char *strchr(const char *text, int character);
uint64_t parse_number(const char *text, unsigned base);
void *malloc(size_t size);

/*
 * %s %c %% and %d %u %x %p of int, or with l of 64 bits; widths with 0 or blanks. A
 * line goes out as one kprint; without a heap for the buffer each call does.
 */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int snprintf(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
