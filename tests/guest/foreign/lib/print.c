/*
 * printf over kprint, with newlib's habits (anos-abi 10): stdout is
 * line-buffered in memory from malloc, a flushed line is one kprint of at most
 * 1023 bytes; if malloc fails it is unbuffered.
 */
#include <stdarg.h>

#include "anos.h"
#include "libc.h"

enum { PIECE = 1024 };

struct sink {
    char *text;
    size_t size, used; /* what does not fit is counted and dropped */
};

static void put(struct sink *sink, char character)
{
    if (sink->used + 1 < sink->size) {
        sink->text[sink->used] = character;
    }
    sink->used++;
}

static void put_number(struct sink *sink, uint64_t number, unsigned base, int width, char fill)
{
    char digits[24];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    for (int i = count; i < width; i++) {
        put(sink, fill);
    }
    while (count > 0) {
        put(sink, digits[--count]);
    }
}

static const char *put_conversion(struct sink *sink, const char *format, va_list *arguments)
{
    const char fill = *format == '0' ? '0' : ' ';
    int width = 0;
    for (; *format >= '0' && *format <= '9'; format++) {
        width = width * 10 + *format - '0';
    }
    bool wide = false;
    for (; *format == 'l'; format++) {
        wide = true;
    }
    if (*format == 's') {
        for (const char *text = va_arg(*arguments, const char *); *text != 0; text++) {
            put(sink, *text);
        }
    } else if (*format == 'c') {
        put(sink, (char)va_arg(*arguments, int));
    } else if (*format == 'd') {
        int64_t number = wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        if (number < 0) {
            put(sink, '-');
            number = -number;
        }
        put_number(sink, (uint64_t)number, 10, width, fill);
    } else if (*format == 'u' || *format == 'x') {
        const uint64_t number = wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(sink, number, *format == 'x' ? 16 : 10, width, fill);
    } else {
        put(sink, *format);
    }
    return format + 1;
}

static void format_text(struct sink *sink, const char *format, va_list *arguments)
{
    while (*format != 0) {
        if (*format == '%') {
            format = put_conversion(sink, format + 1, arguments);
        } else {
            put(sink, *format++);
        }
    }
    if (sink->size > 0) {
        sink->text[sink->used < sink->size ? sink->used : sink->size - 1] = 0;
    }
}

int snprintf(char *text, size_t size, const char *format, ...)
{
    struct sink sink = {.text = text, .size = size};
    va_list arguments;
    va_start(arguments, format);
    format_text(&sink, format, &arguments);
    va_end(arguments);
    return (int)sink.used;
}

/* stdout's buffer; several threads of one program share it without a lock, as on Anos. */
static char *buffer;
static size_t buffered;
static bool unbuffered;

static void write_line(const char *text, size_t size)
{
    char piece[PIECE];
    memcpy(piece, text, size);
    piece[size] = 0;
    anos_kprint(piece);
}

int printf(const char *format, ...)
{
    char text[PIECE];
    struct sink sink = {.text = text, .size = sizeof text};
    va_list arguments;
    va_start(arguments, format);
    format_text(&sink, format, &arguments);
    va_end(arguments);
    const size_t size = strlen(text);
    if (buffer == NULL && !unbuffered) {
        buffer = malloc(PIECE);
        unbuffered = buffer == NULL;
    }
    if (unbuffered) {
        write_line(text, size);
        return (int)sink.used;
    }
    for (size_t i = 0; i < size; i++) {
        buffer[buffered++] = text[i];
        if (text[i] == '\n' || buffered == PIECE - 1) {
            const size_t flushed = buffered;
            buffered = 0;
            write_line(buffer, flushed);
        }
    }
    return (int)sink.used;
}
