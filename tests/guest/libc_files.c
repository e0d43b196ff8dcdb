/*
 * The C library's files on disk0:, which is empty, by every function that a program is
 * likely to use. The host looks at the disk afterwards with its own tools.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LARGE_BYTES (300 * 1024)

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 256);
}

/* The call failed with this error. */
#define FAILS(name, condition, error) (errno = 0, CHECK(name, (condition) && errno == (error)))

static void check_text(void)
{
    FILE *file = fopen("disk0:/hello.txt", "w");
    CHECK("a file is made", file != NULL);
    CHECK("text is written", fprintf(file, "hello %s %d\n", "world", 42) == 15);
    for (int i = 0; i < 1000; i++) {
        fprintf(file, "line %d\n", i);
    }
    CHECK("it is closed", fclose(file) == 0);
    file = fopen("disk0:/hello.txt", "r");
    char line[80], word[20];
    int number = 0, lines = 0;
    CHECK("a line is read", fgets(line, sizeof line, file) == line &&
                                strcmp(line, "hello world 42\n") == 0);
    CHECK("numbers are read", fscanf(file, "%19s %d", word, &number) == 2 &&
                                  strcmp(word, "line") == 0 && number == 0);
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
    }
    CHECK("the last line ends it", lines == 1000 && feof(file) && !ferror(file));
    CHECK("its size", ftell(file) == 8905);
    CHECK("back to its begin", fseek(file, 6, SEEK_SET) == 0 && getc(file) == 'w');
    CHECK("from its end", fseek(file, -4, SEEK_END) == 0 && getc(file) == '9');
    fclose(file);
    file = fopen("disk0:/hello.txt", "a");
    CHECK("more at its end", fputs("the end\n", file) >= 0 && fclose(file) == 0);
    file = fopen("disk0:/hello.txt", "r+");
    CHECK("in its middle", fseek(file, 6, SEEK_SET) == 0 && fputs("WORLD", file) >= 0 &&
                               fclose(file) == 0);
    FAILS("an exclusive file that is there", fopen("disk0:/hello.txt", "wx") == NULL, EEXIST);
}

static void check_large(void)
{
    static uint8_t data[LARGE_BYTES], back[LARGE_BYTES + 1];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = byte_at(i);
    }
    FILE *file = fopen("disk0:/large.bin", "w+");
    CHECK("much at once", fwrite(data, 1, sizeof data, file) == sizeof data);
    CHECK("is flushed", fflush(file) == 0);
    rewind(file);
    CHECK("and read at once", fread(back, 1, sizeof back, file) == sizeof data &&
                                  memcmp(data, back, sizeof data) == 0 && feof(file));
    memset(back, 0, sizeof back);
    rewind(file);
    size_t done = 0;
    for (int c; (c = getc(file)) != EOF;) {
        back[done++] = (uint8_t)c;
    }
    CHECK("and byte by byte", done == sizeof data && memcmp(data, back, sizeof data) == 0);
    const int descriptor = fileno(file);
    CHECK("in the middle", pread(descriptor, back, 10000, 12345) == 10000 &&
                               memcmp(back, data + 12345, 10000) == 0);
    struct iovec pieces[] = { { back, 3 }, { NULL, 0 }, { back + 3, 5000 }, { back + 5003, 1 } };
    CHECK("in pieces", preadv(descriptor, pieces, 4, 77) == 5004 &&
                           memcmp(back, data + 77, 5004) == 0);
    CHECK("past its end", pread(descriptor, back, 10, LARGE_BYTES) == 0);
    CHECK("shorter", ftruncate(descriptor, 5000) == 0 && lseek(descriptor, 0, SEEK_END) == 5000);
    CHECK("and longer", pwrite(descriptor, data + 6000, LARGE_BYTES - 6000, 6000) ==
                            LARGE_BYTES - 6000);
    CHECK("with zeros between", pread(descriptor, back, 1002, 4999) == 1002 &&
                                    back[0] == data[4999] && back[1] == 0 && back[1000] == 0 &&
                                    back[1001] == data[6000]);
    CHECK("that too is data", pwrite(descriptor, data + 5000, 1000, 5000) == 1000);
    CHECK("on the disk", fsync(descriptor) == 0);
    fclose(file);
}

static void check_status(void)
{
    struct stat status, other;
    CHECK("a file's status", stat("disk0:/large.bin", &status) == 0 &&
                                 S_ISREG(status.st_mode) && status.st_size == LARGE_BYTES &&
                                 status.st_blksize == 4096);
    const time_t age = time(NULL) - status.st_mtime;
    CHECK("its time", age >= 0 && age <= 60);
    const int descriptor = open("disk0:/large.bin", O_RDONLY);
    CHECK("open it is the same", fstat(descriptor, &other) == 0 &&
                                     memcmp(&status, &other, sizeof status) == 0);
    const struct timespec times[2] = { { 0, UTIME_OMIT }, { 1600000000, 0 } };
    CHECK("another time", futimens(descriptor, times) == 0 &&
                              fstat(descriptor, &other) == 0 && other.st_mtime == 1600000000);
    close(descriptor);
    CHECK("a directory's status", stat("disk0:/", &status) == 0 && S_ISDIR(status.st_mode));
    CHECK("it may be written", access("disk0:/large.bin", R_OK | W_OK) == 0);
    FAILS("not executed", access("disk0:/large.bin", X_OK) == -1, EACCES);
    CHECK("stdout is no file", fstat(1, &status) == 0 && S_ISCHR(status.st_mode) && isatty(1));
    CHECK("no file is a terminal", !isatty(open("disk0:/", O_RDONLY)));
    close(3);
}

static void check_directories(void)
{
    CHECK("a directory", mkdir("disk0:/Papers", 0777) == 0);
    CHECK("no working directory yet", getcwd(NULL, 0) == NULL && errno == ENOENT);
    FAILS("so no name alone", fopen("a.txt", "w") == NULL, ENOENT);
    char text[100], *own;
    CHECK("into it", chdir("disk0:/Papers/") == 0 && getcwd(text, sizeof text) == text &&
                         strcmp(text, "disk0:/Papers") == 0);
    for (int i = 0; i < 100; i++) {
        char name[40];
        snprintf(name, sizeof name, "a file with number %d.txt", i);
        close(open(name, O_WRONLY | O_CREAT, 0666));
    }
    CHECK("a directory below", mkdir("below", 0777) == 0 && chdir("./below//") == 0);
    DIR *const directory = opendir("..");
    int count = 0, sum = 0, directories = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL; count++) {
        int number = 0;
        sscanf(entry->d_name, "a file with number %d", &number);
        sum += number;
        directories += entry->d_type == DT_DIR;
    }
    CHECK("all are listed", count == 101 && sum == 4950 && directories == 1);
    rewinddir(directory);
    for (int i = 0; i < 70; i++) {
        readdir(directory);
    }
    const long place = telldir(directory);
    strcpy(text, readdir(directory)->d_name);
    readdir(directory);
    seekdir(directory, place);
    CHECK("back to a place", strcmp(text, readdir(directory)->d_name) == 0);
    struct stat status;
    CHECK("a name in an open directory", fstatat(dirfd(directory), "below", &status, 0) == 0 &&
                                             S_ISDIR(status.st_mode));
    CHECK("a file in it", unlinkat(dirfd(directory), "a file with number 7.txt", 0) == 0);
    closedir(directory);
    FAILS("which is gone", remove("../a file with number 7.txt") == -1, ENOENT);
    own = realpath("../../hello.txt", NULL);
    CHECK("a whole path", own != NULL && strcmp(own, "disk0:/hello.txt") == 0);
    free(own);
    CHECK("above the root is the root", access("../../../../hello.txt", F_OK) == 0);
    CHECK("the mount's root", access("/hello.txt", F_OK) == 0);
    FAILS("a directory that is not empty", remove("..") == -1, ENOTEMPTY);
    CHECK("a file is renamed", rename("/hello.txt", "here.txt") == 0 &&
                                   access("disk0:/Papers/below/here.txt", F_OK) == 0);
    CHECK("and back", rename("here.txt", "disk0:/hello.txt") == 0);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "../a file with number %d.txt", i);
        remove(text);
    }
    CHECK("all goes", chdir("/") == 0 && remove("Papers/below/") == 0 && rmdir("Papers") == 0);
}

static void check_descriptors(void)
{
    const int one = open("disk0:/large.bin", O_RDONLY), two = dup(one);
    char bytes[4];
    CHECK("two descriptors, one position", read(one, bytes, 4) == 4 && read(two, bytes, 1) == 1 &&
                                               (uint8_t)bytes[0] == byte_at(4));
    close(one);
    CHECK("one is left", lseek(two, 0, SEEK_CUR) == 5 && fcntl(two, F_GETFL) == O_RDONLY);
    CHECK("a certain one", dup2(two, 20) == 20 && lseek(20, 0, SEEK_CUR) == 5);
    close(20);
    close(two);
    int opened = 0;
    while (open("disk0:/large.bin", O_RDONLY) >= 0) {
        opened++;
    }
    CHECK("too many", errno == EMFILE && opened == 253);
    for (int i = 3; i < 256; i++) {
        close(i);
    }
    FILE *const again = freopen("disk0:/redirected.txt", "w", stderr);
    CHECK("stderr goes to a file", again == stderr && fputs("redirected\n", stderr) >= 0 &&
                                       fclose(stderr) == 0);
}

static void check_errors(void)
{
    char bytes[1], name[5000];
    FAILS("a missing file", fopen("disk0:/missing", "r") == NULL, ENOENT);
    FAILS("no such mount", fopen("disk9:/missing", "r") == NULL, ENOENT);
    FAILS("a bad name", open("disk0:/a:b", O_CREAT | O_WRONLY, 0666) == -1, EINVAL);
    FAILS("a file is no directory", open("disk0:/large.bin/x", O_RDONLY) == -1, ENOTDIR);
    FAILS("nor with a slash", open("disk0:/large.bin/", O_RDONLY) == -1, ENOTDIR);
    FAILS("nor when one must be", open("disk0:/large.bin", O_RDONLY | O_DIRECTORY) == -1, ENOTDIR);
    FAILS("nor for a list", opendir("disk0:/large.bin") == NULL, ENOTDIR);
    FAILS("a directory is not written", open("disk0:/", O_WRONLY) == -1, EISDIR);
    const int directory = open("disk0:/", O_RDONLY);
    FAILS("nor read", read(directory, bytes, 1) == -1, EISDIR);
    close(directory);
    FAILS("a closed descriptor", read(directory, bytes, 1) == -1, EBADF);
    const int file = open("disk0:/large.bin", O_RDONLY);
    FAILS("open for reading", write(file, bytes, 1) == -1, EBADF);
    FAILS("a bad position", lseek(file, -1, SEEK_SET) == -1, EINVAL);
    close(file);
    FAILS("stdin has no position", lseek(0, 0, SEEK_CUR) == -1, ESPIPE);
    CHECK("and is at its end", read(0, bytes, 1) == 0 && getchar() == EOF);
    memset(name, 'n', sizeof name);
    memcpy(name, "disk0:/", 7);
    name[7 + 256] = '\0';
    FAILS("a long name", open(name, O_CREAT | O_WRONLY, 0666) == -1, ENAMETOOLONG);
    name[7 + 255] = '\0';
    CHECK("not quite as long", mkdir(name, 0777) == 0 && rmdir(name) == 0);
    for (size_t i = 7; i < sizeof name - 1; i += 2) {
        name[i] = '/';
        name[i + 1] = 'n';
    }
    name[sizeof name - 1] = '\0';
    FAILS("a long path", stat(name, &(struct stat){ 0 }) == -1, ENAMETOOLONG);
    FAILS("a directory into itself", mkdir("disk0:/d", 0777) == 0 &&
                                         rename("disk0:/d", "disk0:/d/e") == -1, EINVAL);
    rmdir("disk0:/d");
    FAILS("another mount", rename("disk0:/large.bin", "boot:/large.bin") == -1, EXDEV);
    FAILS("a process is not forked", fork() == -1, ENOSYS);
}

/* Is a name of 255 UTF-16 units, all `character`, one that a file can have, and be found by? */
static bool is_name(const char *character, int count)
{
    char name[800] = "", *end = name;
    for (int i = 0; i < count; i++) {
        end = stpcpy(end, character);
    }
    bool is_found = false;
    const int file = open(name, O_WRONLY | O_CREAT, 0666);
    DIR *const directory = opendir(".");
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct stat status;
        is_found = is_found || (strcmp(entry->d_name, name) == 0 && stat(name, &status) == 0 &&
                                status.st_ino == entry->d_ino);
    }
    stpcpy(end, character);
    const bool is_too_long = access(name, F_OK) == -1 && errno == ENAMETOOLONG;
    *end = '\0';
    return close(file) == 0 && closedir(directory) == 0 && remove(name) == 0 && is_found &&
           is_too_long;
}

static void check_names(void)
{
    char path[4200] = "disk0:";
    CHECK("a place for names", mkdir("disk0:/names", 0777) == 0 && chdir("disk0:/names") == 0);
    CHECK("ASCII", is_name("x", 255));
    CHECK("Cyrillic", is_name("я", 255));
    CHECK("Chinese", is_name("漢", 255));
    CHECK("two units each", is_name("😀", 127));
    for (int i = 0; i < 20; i++) {
        sprintf(path + strlen(path), "/%d %0120d", i, i);
        CHECK("deeper", mkdir(path, 0777) == 0);
    }
    const size_t bytes = strlen(path);
    strcat(path, "/file");
    CHECK("a file far down", close(open(path, O_WRONLY | O_CREAT, 0666)) == 0 &&
                                 access(path, F_OK) == 0 && remove(path) == 0);
    path[bytes] = '\0';
    bool all = chdir("/") == 0;
    for (int i = 0; i < 20; i++) {
        all = all && remove(path) == 0;
        *strrchr(path, '/') = '\0';
    }
    CHECK("and up again", all && remove("names") == 0);
}

static int walked;

static int walk(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    walked += kind == FTW_F && status->st_size == 3 && place->level == 2 ? (int)strlen(path) : 0;
    return 0;
}

/* Parts of the library that are built on the others. */
static void check_the_rest(void)
{
    char name[] = "disk0:/tree/XXXXXX", *line = NULL;
    size_t room = 0;
    CHECK("a tree", mkdir("disk0:/tree", 0777) == 0 && chdir("disk0:/tree") == 0 &&
                        mkdir("branch", 0777) == 0);
    const int made = mkstemp(name);
    FILE *const file = fdopen(made, "r+");
    CHECK("a name of its own", file != NULL && fputs("one\ntwo\n", file) >= 0);
    rewind(file);
    CHECK("lines of any length", getline(&line, &room, file) == 4 && strcmp(line, "one\n") == 0);
    CHECK("one more at the end", fcntl(made, F_SETFL, O_APPEND) == 0 && fputc('!', file) == '!' &&
                                     fclose(file) == 0);
    struct stat status;
    CHECK("it is longer", stat(name, &status) == 0 && status.st_size == 9);
    CHECK("a new name", rename(name, "leaf.one") == 0);
    const int leaf = open("branch/leaf.two", O_WRONLY | O_CREAT | O_SYNC, 0666);
    CHECK("synced with every write", write(leaf, "two", 3) == 3 && close(leaf) == 0);
    glob_t found;
    CHECK("a pattern", glob("*/leaf.*", 0, NULL, &found) == 0 && found.gl_pathc == 1 &&
                           strcmp(found.gl_pathv[0], "branch/leaf.two") == 0);
    globfree(&found);
    CHECK("a walk", nftw("disk0:/tree", walk, 4, FTW_PHYS) == 0 &&
                        walked == (int)strlen("disk0:/tree/branch/leaf.two"));
    struct dirent **entries = NULL;
    CHECK("in order", scandir(".", &entries, NULL, alphasort) == 2 &&
                          strcmp(entries[0]->d_name, "branch") == 0);
    const int directory = open("branch", O_RDONLY | O_DIRECTORY);
    CHECK("into an open one", fchdir(directory) == 0 && access("leaf.two", F_OK) == 0 &&
                                  close(directory) == 0);
    CHECK("no trace", remove("leaf.two") == 0 && remove("../leaf.one") == 0 && chdir("/") == 0 &&
                          remove("tree/branch") == 0 && remove("tree") == 0);
    static char buffer[0x8000];
    FILE *const large = fopen("large.bin", "r");
    CHECK("a buffer of any size", setvbuf(large, buffer, _IOFBF, sizeof buffer) == 0);
    bool is_right = true;
    for (uint64_t i = 0; i < LARGE_BYTES; i++) {
        is_right = is_right && getc(large) == byte_at(i);
    }
    CHECK("holds the file", is_right && getc(large) == EOF && fclose(large) == 0);
}

int main(void)
{
    check_text();
    check_large();
    check_status();
    check_directories();
    check_the_rest();
    check_names();
    check_descriptors();
    check_errors();
    const int root = open("disk0:/", O_RDONLY);
    CHECK("all is on the disk", fsync(root) == 0);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
