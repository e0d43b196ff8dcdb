/* Files: what is in them. Directories are in commands_names.c. */
#include "builtins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 0x10000
#define PIECE_BYTES 4096
#define DUMP_COLUMNS 16

/* Copy all of a file to `out`; 0 or an errno of reading it. */
static int copy_out(struct call *call, int file)
{
    char *const buffer = malloc(COPY_BYTES);
    ssize_t count = 0;
    if (buffer == NULL) {
        return ENOMEM;
    }
    while (!command_ends(call) && (count = read(file, buffer, COPY_BYTES)) > 0) {
        fwrite(buffer, 1, (size_t)count, call->out);
    }
    free(buffer);
    return count < 0 ? errno : 0;
}

/* Copy what is read to `out`, as it comes. */
static void copy_in(struct call *call)
{
    char bytes[PIECE_BYTES];
    ssize_t count;
    while (!command_ends(call) && (count = flow_read(&call->flows[0], bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)count, call->out);
        if (call->flows[0].kind == FLOW_CONSOLE) {
            fflush(call->out);
        }
    }
}

static int cat(struct call *call)
{
    int status = STATUS_OK;
    if (call->count == 1) {
        copy_in(call);
    }
    for (int i = 1; i < call->count && !command_ends(call); i++) {
        const int file = open(call->arguments[i], O_RDONLY);
        const int error = file < 0 ? errno : copy_out(call, file);
        if (file >= 0) {
            close(file);
        }
        if (error != 0) {
            status = command_fail(call, call->arguments[i], error);
        }
    }
    return status;
}

static int write_words(struct call *call)
{
    FILE *const file = fopen(call->arguments[1], "w");
    if (file == NULL) {
        return command_fail(call, call->arguments[1], errno);
    }
    for (int i = 2; i < call->count; i++) {
        fprintf(file, "%s%s", i > 2 ? " " : "", call->arguments[i]);
    }
    if (call->count > 2) {
        fputc('\n', file);
    } else {
        for (int byte; !*call->stop && (byte = getc(call->in)) != EOF;) {
            putc(byte, file);
        }
    }
    return fclose(file) == 0 ? STATUS_OK : command_fail(call, call->arguments[1], errno);
}

static int touch(struct call *call)
{
    int status = STATUS_OK;
    for (int i = 1; i < call->count; i++) {
        const int file = open(call->arguments[i], O_WRONLY | O_CREAT, 0644);
        if (file < 0 || futimens(file, NULL) != 0) {
            status = command_fail(call, call->arguments[i], errno);
        }
        if (file >= 0) {
            close(file);
        }
    }
    return status;
}

static void dump_line(FILE *out, size_t offset, const unsigned char *bytes, size_t count)
{
    fprintf(out, "%08zx ", offset);
    for (size_t i = 0; i < DUMP_COLUMNS; i++) {
        const char *const gap = i == DUMP_COLUMNS / 2 ? " " : "";
        if (i < count) {
            fprintf(out, "%s %02x", gap, bytes[i]);
        } else {
            fprintf(out, "%s   ", gap);
        }
    }
    fputs("  |", out);
    for (size_t i = 0; i < count; i++) {
        putc(bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '.', out);
    }
    fputs("|\n", out);
}

static int hexdump(struct call *call)
{
    FILE *const file = call->count > 1 ? fopen(call->arguments[1], "r") : call->in;
    if (file == NULL) {
        return command_fail(call, call->arguments[1], errno);
    }
    unsigned char bytes[DUMP_COLUMNS];
    size_t offset = 0, count;
    while (!command_ends(call) && (count = fread(bytes, 1, sizeof bytes, file)) > 0) {
        dump_line(call->out, offset, bytes, count);
        offset += count;
    }
    int status = STATUS_OK;
    if (ferror(file) && !*call->stop) {
        status = command_fail(call, call->count > 1 ? call->arguments[1] : "input", errno);
    }
    if (file != call->in) {
        fclose(file);
    }
    return status;
}

/* The first lines of what is read. */
static int head(struct call *call)
{
    long lines = call->count > 1 ? strtol(call->arguments[1], NULL, 10) : 10;
    for (int byte; lines > 0 && !command_ends(call) && (byte = getc(call->in)) != EOF;) {
        putc(byte, call->out);
        lines -= byte == '\n';
    }
    return STATUS_OK;
}

static int count_all(struct call *call)
{
    size_t lines = 0, words = 0, bytes = 0;
    bool in_word = false;
    char piece[PIECE_BYTES];
    ssize_t count;
    while (!*call->stop && (count = flow_read(&call->flows[0], piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            const bool blank = piece[i] == ' ' || (piece[i] >= '\t' && piece[i] <= '\r');
            lines += piece[i] == '\n';
            words += !blank && !in_word;
            in_word = !blank;
        }
        bytes += (size_t)count;
    }
    fprintf(call->out, "%zu lines, %zu words, %zu bytes\n", lines, words, bytes);
    return STATUS_OK;
}

static int find(struct call *call)
{
    char *line = NULL;
    size_t room = 0;
    int status = STATUS_FAILED;
    while (!command_ends(call) && getline(&line, &room, call->in) > 0) {
        if (strstr(line, call->arguments[1]) != NULL) {
            fputs(line, call->out);
            status = STATUS_OK;
        }
    }
    free(line);
    return status;
}

static int yes(struct call *call)
{
    while (!command_ends(call)) {
        fprintf(call->out, "%s\n", call->count > 1 ? call->arguments[1] : "y");
    }
    return STATUS_OK;
}

const struct builtin file_builtins[] = {
    { "cat", "[FILE]...", "print files, or what is read",
      "Without a FILE it prints what it reads: lines that are typed, up to Ctrl-D, or a pipe.", 0,
      ANY_COUNT, cat },
    { "write", "FILE [WORD]...", "make a file of words, or of what is read",
      "  write note.txt Hello there", 1, ANY_COUNT, write_words },
    { "touch", "FILE...", "make empty files, or set the time of their last change to now", NULL, 1,
      ANY_COUNT, touch },
    { "hexdump", "[FILE]", "print a file's bytes in hex, or what is read", NULL, 0, 1, hexdump },
    { "head", "[LINES]", "print the first lines of what is read, 10 without a number", NULL, 0, 1,
      head },
    { "wc", "", "count lines, words and bytes of what is read", NULL, 0, 0, count_all },
    { "grep", "TEXT", "print the lines of what is read that contain a text",
      "Status 1: there was none.\n  log | grep fat32drv", 1, 1, find },
    { "yes", "[TEXT]", "print a line again and again, until nobody reads it", NULL, 0, 1, yes },
    { .name = NULL },
};
