/* The first words on a server's stack (anos-abi 3.5). */
#include "libc.h"
#include "system.h"

enum { STACK_TOP = 0x44000000, WORDS_MAX = 512, STRING_BYTES_MAX = 256, ARGUMENTS_MAX = 512 };

unsigned build_stack(uint64_t *words, unsigned capc, const struct capability *pairs, unsigned argc,
                     const char *const *argv)
{
    if (argc > ARGUMENTS_MAX) {
        return 0;
    }
    uint64_t string_bytes = 0;
    for (unsigned i = 0; i < argc; i++) {
        string_bytes += strnlen(argv[i], STRING_BYTES_MAX - 1) + 1;
    }
    const uint64_t exact = (string_bytes + 7) / 8 + 2 * capc + argc + 4;
    const uint64_t count = (exact + 1) & ~1ull;
    if (count > WORDS_MAX) {
        return 0;
    }
    memset(words, 0, count * 8);
    const uint64_t sp = STACK_TOP - 8 * count;
    words[0] = capc;
    words[1] = capc > 0 ? sp + 8 * (4 + argc) : 0;
    words[2] = argc;
    words[3] = sp + 32;
    memcpy(&words[4 + argc], pairs, capc * sizeof *pairs);
    uint64_t offset = 8 * exact - string_bytes;
    for (unsigned i = 0; i < argc; i++) {
        const size_t length = strnlen(argv[i], STRING_BYTES_MAX - 1);
        words[4 + i] = sp + offset;
        memcpy((char *)words + offset, argv[i], length);
        offset += length + 1;
    }
    return (unsigned)count;
}
