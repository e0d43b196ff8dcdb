/* Prints its environment, and what the C library finds there. With an argument, the time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv, char **variables)
{
    printf("%s:", argv[0]);
    for (char **each = environ; *each != NULL; each++) {
        printf(" %s", *each);
    }
    const char *const name = getenv("NAME");
    printf("; %d NAME is %s", variables == environ, name != NULL ? name : "not there");
    char directory[100];
    printf("; %s", getcwd(directory, sizeof directory) != NULL ? directory : "nowhere");
    setenv("NAME", "another", 1);
    printf("; %s\n", getenv("NAME"));
    if (argc > 1) {
        printf("%lld s\n", (long long)time(NULL));
    }
    return 0;
}
