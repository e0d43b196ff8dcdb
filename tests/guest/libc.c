/*
 * The C library on Anos, asked for a bit of everything. Prints one line per
 * failed check and ends with "libc: N failed".
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failed++;                                                                              \
            printf("line %d: %s\n", __LINE__, #condition);                                         \
        }                                                                                          \
    } while (0)
#define BLOCKS 64
#define ROUNDS 1500

static int failed;
static unsigned seed = 1;

static unsigned next_random(void)
{
    seed = seed * 1103515245 + 12345;
    return seed >> 8;
}

static void check_formatting(void)
{
    char text[256];
    snprintf(text, sizeof text, "%5d|%-8s|%08.3f|%+d|%x|%c|%%|%lld", 42, "ab", 3.14159, 5, 255, 'z',
             -1LL);
    CHECK(strcmp(text, "   42|ab      |0003.142|+5|ff|z|%|-1") == 0);
    snprintf(text, sizeof text, "%.17g %.17g", strtod("0.1", NULL), strtod("1e-310", NULL));
    CHECK(strcmp(text, "0.10000000000000001 9.9999999999999694e-311") == 0);
    snprintf(text, sizeof text, "%.20Lf", 1.0L / 3);
    CHECK(strncmp(text, "0.3333333333333333333", 21) == 0);
    CHECK(snprintf(text, 5, "%s", "abcdefgh") == 8 && strcmp(text, "abcd") == 0);
    int number;
    double real;
    char word[20];
    CHECK(sscanf("12 3.5 word", "%d %lf %19s", &number, &real, word) == 3);
    CHECK(number == 12 && real == 3.5 && strcmp(word, "word") == 0);
    errno = 0;
    CHECK(strtol("99999999999999999999", NULL, 10) == 0x7fffffffffffffffL && errno == ERANGE);
    CHECK(strtold("1.5e4000", NULL) > 1e308L);
}

static int ascending(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static void check_sorting(void)
{
    int values[1000];
    for (int i = 0; i < 1000; i++) {
        values[i] = (int)(next_random() & 0xffff);
    }
    qsort(values, 1000, sizeof values[0], ascending);
    bool sorted = true;
    for (int i = 1; i < 1000; i++) {
        sorted = sorted && values[i - 1] <= values[i];
    }
    CHECK(sorted);
}

/* Allocate, grow and free at random; both ends of every block keep their mark. */
static void check_allocation(void)
{
    unsigned char *blocks[BLOCKS] = {NULL};
    size_t sizes[BLOCKS] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        const unsigned i = next_random() % BLOCKS;
        const size_t bytes = 1 + next_random() % ((size_t)1 << next_random() % 19);
        if (blocks[i] != NULL) {
            CHECK(blocks[i][0] == i && blocks[i][sizes[i] - 1] == i);
        }
        if (next_random() % 4 == 0) {
            free(blocks[i]);
            blocks[i] = NULL;
            continue;
        }
        blocks[i] = realloc(blocks[i], bytes);
        CHECK(blocks[i] != NULL);
        sizes[i] = bytes;
        blocks[i][0] = blocks[i][bytes - 1] = (unsigned char)i;
    }
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    void *aligned = aligned_alloc(4096, 8192);
    CHECK(aligned != NULL && ((size_t)aligned & 4095) == 0);
    free(aligned);
}

/* Every alignment of both sides, and every length that a copy by words may get wrong. */
static void check_copies(void)
{
    enum { BYTES_MAX = 140, ROOM = BYTES_MAX + 32 };
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    static unsigned char from[ROOM], to[ROOM], expected[ROOM];
    bool right = true;
    for (int i = 0; i < ROOM; i++) {
        from[i] = (unsigned char)(i + 1);
    }
    for (int place = 0; place < 16 * 16; place++) {
        unsigned char *const target = to + 8 + place % 16, *const source = from + 8 + place / 16;
        for (int bytes = 0; bytes <= BYTES_MAX; bytes += bytes < 20 ? 1 : 7) {
            memset(to, 0, ROOM);
            memset(expected, 0, ROOM);
            for (int i = 0; i < bytes; i++) {
                expected[target - to + i] = source[i];
            }
            right = right && copy(target, source, (size_t)bytes) == target;
            right = right && memcmp(to, expected, ROOM) == 0;
        }
    }
    CHECK(right);
}

static void check_the_rest(void)
{
    static jmp_buf place;
    volatile int came_back = setjmp(place);
    if (came_back == 0) {
        longjmp(place, 7);
    }
    CHECK(came_back == 7);
    CHECK(fabs(sqrt(2) - 1.4142135623730951) < 1e-15 && fabs(pow(2, 0.5) - sqrt(2)) < 1e-15);
    CHECK(fmodl(7.5L, 2) == 1.5L);
    CHECK(setlocale(LC_ALL, "") != NULL);
    errno = 0;
    CHECK(fopen("/missing", "r") == NULL && errno == ENOENT);
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0 && time.tv_nsec < 1000000000);
    char *line = malloc(5000);
    memset(line, 'x', 4999);
    line[4999] = '\0';
    CHECK(printf("%s\n", line) == 5000);
    free(line);
    CHECK(fprintf(stderr, "stderr works\n") == 13);
}

static void at_end(void)
{
    printf("libc: %d failed", failed);
}

int main(void)
{
    check_formatting();
    check_sorting();
    check_allocation();
    check_copies();
    check_the_rest();
    atexit(at_end);
    return 0;
}
