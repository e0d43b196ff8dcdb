/*
 * Threads that use files of disk0: at once: each a file of its own, all one that they add
 * to, one descriptor whose position they share, and a directory that changes meanwhile.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 6, LINES = 200, SHARED_BYTES = THREADS * LINES * 4 };

static int shared, together;
static volatile int error_count;

static void fail(const char *what, int number)
{
    __atomic_add_fetch(&error_count, 1, __ATOMIC_RELAXED);
    printf("thread %d: %s\n", number, what);
}

static void *work(void *argument)
{
    const int number = (int)(intptr_t)argument;
    char name[40], line[40];
    snprintf(name, sizeof name, "disk0:/own/%d", number);
    FILE *const own = fopen(name, "w+");
    if (own == NULL) {
        fail("no file", number);
        return NULL;
    }
    for (int i = 0; i < LINES; i++) {
        fprintf(own, "%d: line %d\n", number, i);
        const int bytes = snprintf(line, sizeof line, "%d.%03d\n", number, i);
        if (write(together, line, (size_t)bytes) != bytes) {
            fail("not added", number);
        }
        if (read(shared, line, 4) != 4) {
            fail("not read", number);
        }
    }
    rewind(own);
    for (int i = 0; i < LINES; i++) {
        int thread = -1, count = -1;
        if (fscanf(own, "%d: line %d", &thread, &count) != 2 || thread != number || count != i) {
            fail("another's line", number);
        }
    }
    fclose(own);
    return NULL;
}

/* List a directory while files come into it: no name twice, no error. */
static void *list(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        DIR *const directory = opendir("disk0:/own");
        unsigned seen = 0;
        for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            const unsigned bit = 1U << atoi(entry->d_name);
            if (seen & bit) {
                fail("a name twice", -1);
            }
            seen |= bit;
        }
        closedir(directory);
    }
    return NULL;
}

int main(void)
{
    static char zeros[SHARED_BYTES];
    pthread_t threads[THREADS + 1];
    mkdir("disk0:/own", 0777);
    together = open("disk0:/together", O_WRONLY | O_CREAT | O_APPEND, 0666);
    shared = open("disk0:/shared", O_RDWR | O_CREAT, 0666);
    CHECK("files", together >= 0 && write(shared, zeros, sizeof zeros) == sizeof zeros &&
                       lseek(shared, 0, SEEK_SET) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
    }
    pthread_create(&threads[THREADS], NULL, list, NULL);
    for (int i = 0; i <= THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK("no thread saw an error", error_count == 0);
    CHECK("all bytes were read once", lseek(shared, 0, SEEK_CUR) == SHARED_BYTES);
    CHECK("all is on the disk", fsync(shared) == 0);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
