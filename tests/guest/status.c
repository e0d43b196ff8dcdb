/* Ends in the way its argument says; argv[2] is a status. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static volatile int depth;

static void *overflow(void *argument)
{
    volatile char room[1024];
    room[0] = (char)depth++;
    if (depth < 100000) {
        overflow(argument);
    }
    depth += room[0];
    return argument;
}

int main(int argc, char **argv)
{
    const int status = argc > 2 ? atoi(argv[2]) : 0;
    if (argc > 1 && strcmp(argv[1], "exit") == 0) {
        exit(status);
    }
    if (argc > 1 && strcmp(argv[1], "abort") == 0) {
        abort();
    }
    if (argc > 1 && strcmp(argv[1], "overflow") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, overflow, NULL);
        pthread_join(thread, NULL);
    }
    return status;
}
