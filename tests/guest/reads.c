/*
 * Reads files page by page, whatever happens: one line for each with the sum of its
 * bytes, and the pages that could not be read. The paths are its arguments.
 */
#include "file_client.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

static _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES];

static void read_all(const char *path)
{
    const uint64_t filesystem = file_system(path, page);
    if (filesystem == 0 || file_stat(filesystem, path, page) != 0) {
        printf("%s: not there\n", path);
        return;
    }
    const uint64_t bytes = ((const struct file_entry *)page)->bytes;
    uint64_t sum = 0;
    printf("%s:", path);
    for (uint64_t at = 0; at < bytes; at += ANOS_PAGE_BYTES) {
        const int64_t count = file_read(filesystem, path, at, page);
        for (int64_t i = 0; i < count; i++) {
            sum += page[i];
        }
        if (count < 0) {
            printf(" %llu %s;", (unsigned long long)(at / ANOS_PAGE_BYTES),
                   file_error_text(count));
        }
    }
    printf(" sum %llu\n", (unsigned long long)sum);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        read_all(argv[i]);
    }
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
