/*
 * stdout and stderr: whole lines to the kernel log.
 *
 * The log takes NUL-terminated text, one piece a call, and pieces of different
 * threads may interleave; the C library hands over whole lines, so a line of
 * up to PIECE_BYTES arrives in one piece. NUL bytes inside are dropped.
 */
#include "internal.h"

#include <anos/abi.h>
#include <errno.h>
#include <unistd.h>

#define PIECE_BYTES 1023

HIDDEN long __anos_write(int file, const char *text, size_t bytes)
{
    if (file != STDOUT_FILENO && file != STDERR_FILENO) {
        return -EBADF;
    }
    char piece[PIECE_BYTES + 1];
    size_t used = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '\0') {
            piece[used++] = text[i];
        }
        if (used == PIECE_BYTES || (used > 0 && i + 1 == bytes)) {
            piece[used] = '\0';
            used = 0;
            if (anos_kprint(piece).type != ANOS_OK) {
                return -EPERM;
            }
        }
    }
    return (long)bytes;
}
