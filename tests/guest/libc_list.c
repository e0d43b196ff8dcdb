/*
 * Lists the directory of its first argument, removes the files in it whose number is odd,
 * and lists it again. What comes out are counts and sums of the numbers in the names.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void list(const char *path)
{
    DIR *const directory = opendir(path);
    int count = 0;
    long sum = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL; count++) {
        sum += strtol(entry->d_name, NULL, 10);
    }
    closedir(directory);
    printf("%d files, sum %ld\n", count, sum);
}

int main(int argc, char **argv)
{
    (void)argc;
    list(argv[1]);
    DIR *const directory = opendir(argv[1]);
    int removed = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (atoi(entry->d_name) % 100 == 7) {
            removed += unlinkat(dirfd(directory), entry->d_name, 0) == 0;
        }
    }
    printf("%d removed\n", removed);
    fsync(dirfd(directory));
    closedir(directory);
    list(argv[1]);
    return 0;
}
