/* Memory, strings and numbers. */
#include "libc.h"
#include "machine.h"

void *memset(void *to, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)to)[i] = (uint8_t)byte;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *begin = to;
    copy_bytes(to, from, size);
    return begin;
}

void *memmove(void *to, const void *from, size_t size)
{
    if (to <= from) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        ((uint8_t *)to)[size] = ((const uint8_t *)from)[size];
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t size = 0;
    while (text[size] != 0) {
        size++;
    }
    return size;
}

size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;
    while (length < size && text[length] != 0) {
        length++;
    }
    return length;
}

int strncmp(const char *left, const char *right, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i] || left[i] == 0) {
            return (uint8_t)left[i] - (uint8_t)right[i];
        }
    }
    return 0;
}

char *strchr(const char *text, int character)
{
    for (; *text != (char)character; text++) {
        if (*text == 0) {
            return NULL;
        }
    }
    return (char *)text;
}

/* As strtoul, up to the first character that is no digit of the base. */
uint64_t parse_number(const char *text, unsigned base)
{
    uint64_t number = 0;
    for (;; text++) {
        unsigned digit = (unsigned)*text - '0';
        if (digit > 9) {
            digit = ((unsigned)*text | 0x20) - 'a' + 10;
        }
        if (digit >= base) {
            return number;
        }
        number = number * base + digit;
    }
}
