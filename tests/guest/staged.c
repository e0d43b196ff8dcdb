/*
 * What the shell's tests run: does what its first argument says.
 *
 *   say WORD...   print the words, and `errors` on stderr     copy        stdin to stdout
 *   open PATH...  try to read, then to write each             exit N      end with a status
 *   crash         write where it may not                      loop        sleep for ever
 *   flood         print until nobody reads                    variables   PWD and the like
 *   channel       try to make a channel                       threads     print from four
 */
#include <anos/abi.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int say(int count, char **words)
{
    for (int i = 0; i < count; i++) {
        printf("%s%s", i > 0 ? " " : "", words[i]);
    }
    printf("\n");
    fprintf(stderr, "errors\n");
    return 0;
}

static void try(const char *path, const char *mode, const char *what)
{
    FILE *const file = fopen(path, mode);
    printf("%s %s: %s\n", what, path, file != NULL ? "yes" : strerror(errno));
    if (file != NULL) {
        fclose(file);
    }
}

static int copy(void)
{
    for (int byte; (byte = getchar()) != EOF && putchar(byte) != EOF;) {
    }
    return ferror(stdin) || ferror(stdout);
}

static int flood(void)
{
    while (printf("a line of many\n") > 0 && fflush(stdout) == 0) {
    }
    fprintf(stderr, "flood: %s\n", strerror(errno));
    return 3;
}

static void *print_number(void *number)
{
    printf("thread %ld\n", (long)number);
    return NULL;
}

static int threads(void)
{
    pthread_t started[4];
    for (long i = 0; i < 4; i++) {
        pthread_create(&started[i], NULL, print_number, (void *)i);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(started[i], NULL);
    }
    return 0;
}

static const char *variable(const char *name)
{
    const char *const value = getenv(name);
    return value != NULL ? value : "not set";
}

int main(int argc, char **argv)
{
    const char *const what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "say") == 0) {
        return say(argc - 2, argv + 2);
    }
    if (strcmp(what, "copy") == 0) {
        return copy();
    }
    if (strcmp(what, "exit") == 0) {
        return argc > 2 ? atoi(argv[2]) : 0;
    }
    if (strcmp(what, "crash") == 0) {
        *(volatile int *)8 = 1;
    }
    if (strcmp(what, "flood") == 0) {
        return flood();
    }
    if (strcmp(what, "threads") == 0) {
        return threads();
    }
    if (strcmp(what, "variables") == 0) {
        printf("PWD %s\nANOS_FILES %s\nANOS_TERMINALS %s\n", variable("PWD"),
               variable("ANOS_FILES"), variable("ANOS_TERMINALS"));
    }
    if (strcmp(what, "channel") == 0) {
        printf("channel %s\n", anos_create_channel().type == ANOS_OK ? "made" : "refused");
    }
    for (int i = 2; i < argc && strcmp(what, "open") == 0; i++) {
        try(argv[i], "r", "read");
        try(argv[i], "r+", "write");
    }
    if (strcmp(what, "loop") == 0) {
        printf("looping\n");
        for (;;) {
            sleep(1);
        }
    }
    return 0;
}
