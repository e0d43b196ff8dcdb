/*
 * A program as a shell starts it: standard streams, and two directories of disk0: (the
 * second one to read only), but no way to ask for anything by name. libc_parent.c starts
 * it and is at the other end of its streams.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILS(name, condition, error) (errno = 0, CHECK(name, (condition) && errno == (error)))

static void check_input(void)
{
    char line[100], much[6000];
    CHECK("a line in two answers", fgets(line, sizeof line, stdin) != NULL &&
                                       strcmp(line, "first line\n") == 0);
    CHECK("a second in the same", fgets(line, sizeof line, stdin) != NULL &&
                                      strcmp(line, "second line\n") == 0);
    size_t count = fread(much, 1, 5000, stdin);
    for (size_t i = 0; i < count; i++) {
        count = much[i] == 'x' ? count : 0;
    }
    CHECK("much, in pages", count == 5000 && !feof(stdin));
    CHECK("a zero and an end byte are bytes", getchar() == 0 && getchar() == 4);
    CHECK("the end", getchar() == EOF && feof(stdin) && !ferror(stdin));
    CHECK("terminals are those of the environment", !isatty(0) && !isatty(1) && isatty(2));
    unsetenv("ANOS_TERMINALS");
    CHECK("without it all streams are", isatty(0) && isatty(1) && isatty(2));
}

static void check_held(void)
{
    char text[100] = "";
    CHECK("it starts in a directory", getcwd(text, sizeof text) != NULL &&
                                          strcmp(text, "disk0:/docs") == 0 &&
                                          access("a.txt", R_OK) == 0);
    FILE *file = fopen("disk0:/docs/a.txt", "r+");
    CHECK("a file of the first", file != NULL && fgets(text, sizeof text, file) != NULL &&
                                     strcmp(text, "a\n") == 0);
    CHECK("is changed", fputs("changed\n", file) >= 0 && fclose(file) == 0);
    CHECK("a new one", (file = fopen("disk0:/docs/new", "w")) != NULL && fclose(file) == 0);
    CHECK("is moved", rename("disk0:/docs/new", "disk0:/docs/newer") == 0 &&
                          access("disk0:/docs/newer", W_OK) == 0);
    struct stat status;
    CHECK("itself", stat("disk0:/docs", &status) == 0 && S_ISDIR(status.st_mode));
    CHECK("can be the working directory", chdir("disk0:/docs/") == 0 &&
                                              access("a.txt", R_OK) == 0);
    DIR *const directory = opendir(".");
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    CHECK("and is listed", count == 3);
    closedir(directory);
    FAILS("a file of the second", access("fixed/b.txt", W_OK) == -1, EACCES);
    FAILS("is not changed", open("fixed/b.txt", O_WRONLY | O_TRUNC) == -1, EACCES);
    FAILS("nor removed", remove("fixed/b.txt") == -1, EACCES);
    FAILS("nor made", open("fixed/c.txt", O_WRONLY | O_CREAT, 0666) == -1, EACCES);
    CHECK("but read", (file = fopen("fixed/b.txt", "r")) != NULL &&
                          fgets(text, sizeof text, file) != NULL && strcmp(text, "b\n") == 0);
    fclose(file);
    FAILS("from one to the other", rename("a.txt", "fixed/a.txt") == -1, EXDEV);
}

static void check_others(void)
{
    FAILS("another directory", fopen("disk0:/secret/file", "r") == NULL, EACCES);
    FAILS("the one above", opendir("..") == NULL, EACCES);
    FAILS("by detours", fopen("./fixed/../../secret/file", "r") == NULL, EACCES);
    FAILS("the root", chdir("/") == -1, EACCES);
    FAILS("one whose name begins alike", mkdir("disk0:/docs2", 0777) == -1, EACCES);
    FAILS("another mount", fopen("boot:/boot.cfg", "r") == NULL, EACCES);
    FAILS("a mount in a mount", fopen("disk0:/docs/disk0:/secret/file", "r") == NULL, ENOENT);
    unsetenv("ANOS_FILES");
    FAILS("what has no name", fopen("disk0:/docs/a.txt", "r") == NULL, EACCES);
}

static void check_streams(void)
{
    FAILS("nobody reads stderr", write(2, "text", 4) == -1, EPIPE);
    CHECK("which is told", fputs("text", stderr) == EOF && ferror(stderr));
    char text[9000];
    memset(text, '-', sizeof text);
    text[sizeof text - 1] = '\n';
    CHECK("much is written", fwrite(text, 1, sizeof text, stdout) == sizeof text);
    CHECK("to a stream that is slow", fflush(stdout) == 0);
}

int main(void)
{
    check_input();
    check_held();
    check_others();
    check_streams();
    finish();
    exit(7);
}
