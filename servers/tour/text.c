/* A file's bytes as lines: line ends of every kind, no other control characters. */
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define LINES_MAX 32
#define LINE_BYTES 160 /* a longer line is broken */

struct lines {
    unsigned count;
    unsigned used;
    char line[LINE_BYTES + 1];
};

static void end_line(struct lines *lines)
{
    lines->line[lines->used] = '\0';
    printf("%s\n", lines->line);
    lines->used = 0;
    lines->count++;
}

static void put(struct lines *lines, char character)
{
    if (character == '\n' || lines->used == LINE_BYTES) {
        end_line(lines);
    }
    if (character != '\n' && character != '\r') {
        const bool control = (unsigned char)character < ' ' && character != '\t';
        lines->line[lines->used++] = control ? '?' : character;
    }
}

int64_t text_show(uint64_t filesystem, const char *path, void *page)
{
    struct lines lines = { 0 };
    const int64_t error = file_stat(filesystem, path, page);
    if (error != 0) {
        return error;
    }
    const uint64_t bytes = ((const struct file_entry *)page)->bytes;
    uint64_t offset = 0;
    while (lines.count < LINES_MAX) {
        const int64_t count = file_read(filesystem, path, offset, page);
        if (count < 0) {
            return count;
        }
        int64_t used = 0;
        while (used < count && lines.count < LINES_MAX) {
            put(&lines, ((const char *)page)[used++]);
        }
        offset += (uint64_t)used;
        if (count == 0) {
            break;
        }
    }
    if (lines.used > 0) {
        end_line(&lines);
    }
    if (offset < bytes) {
        printf("... and %" PRIu64 " more bytes\n", bytes - offset);
    }
    return 0;
}
