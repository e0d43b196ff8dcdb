/*
 * What the C library says when a disk cannot do what is asked. The first argument says
 * what is wrong with disk0:: "full" (a small and empty volume), "protected" (READ.TXT is
 * read-only), "bad" (the third page of BAD.BIN cannot be read), "gone" (it is pulled out).
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAILS(name, condition, error) (errno = 0, CHECK(name, (condition) && errno == (error)))

static char data[0x10000];

static void check_full(void)
{
    FILE *file = fopen("disk0:/full", "w");
    size_t blocks = 0;
    errno = 0;
    while (fwrite(data, 1, sizeof data, file) == sizeof data) {
        blocks++;
    }
    CHECK("no space is an error of the write", errno == ENOSPC && ferror(file) && blocks > 20);
    const int descriptor = fileno(file);
    while (write(descriptor, data, 1) == 1) {
    }
    FAILS("to the last byte", write(descriptor, data, 1) == -1, ENOSPC);
    fclose(file);
    struct stat status;
    CHECK("what was written is there", stat("disk0:/full", &status) == 0 &&
                                           status.st_size >= (off_t)(blocks * sizeof data));
    const int end = open("disk0:/full", O_WRONLY | O_APPEND);
    FAILS("nor is there room at the end", write(end, data, sizeof data) == -1, ENOSPC);
    close(end);
    file = fopen("disk0:/late", "w");
    CHECK("a file without bytes", file != NULL && fputs("late", file) >= 0);
    FAILS("it fails when it is flushed", fflush(file) == EOF, ENOSPC);
    CHECK("and the text is not kept", fclose(file) == 0);
    file = fopen("disk0:/late", "w");
    fputs("late", file);
    FAILS("or when it is closed", fclose(file) == EOF, ENOSPC);
    CHECK("room again", remove("disk0:/full") == 0);
    file = fopen("disk0:/late", "w");
    CHECK("for others", fputs("late\n", file) >= 0 && fflush(file) == 0 &&
                            fsync(fileno(file)) == 0 && fclose(file) == 0);
}

static void check_protected(void)
{
    FAILS("a read-only file", fopen("disk0:/READ.TXT", "w") == NULL, EACCES);
    FAILS("not even its end", fopen("disk0:/READ.TXT", "a") == NULL, EACCES);
    FAILS("not removed", remove("disk0:/READ.TXT") == -1, EACCES);
    FAILS("nor truncated", truncate("disk0:/READ.TXT", 1) == -1, EACCES);
    FAILS("nor writable", access("disk0:/READ.TXT", W_OK) == -1, EACCES);
    const int file = open("disk0:/READ.TXT", O_RDONLY);
    char text[10];
    CHECK("but read", read(file, text, sizeof text) == 6 && memcmp(text, "fixed\n", 6) == 0);
    FAILS("nor truncated while it is open", ftruncate(file, 1) == -1, EINVAL);
    struct stat status;
    CHECK("its mode", fstat(file, &status) == 0 && status.st_mode == (S_IFREG | 0444));
    close(file);
    const int big = open("disk0:/big", O_WRONLY | O_CREAT, 0666);
    FAILS("more than a file can have", pwrite(big, text, 10, 0xfffffffb) == -1, EFBIG);
    FAILS("far more", ftruncate(big, INT64_MAX) == -1, EFBIG);
    FAILS("far away", pwrite(big, text, 10, INT64_MAX - 3) == -1, EFBIG);
    CHECK("it is empty", fstat(big, &status) == 0 && status.st_size == 0 && fsync(big) == 0);
    close(big);
    FILE *boot = fopen("boot:/boot.cfg", "r");
    CHECK("boot: is read", boot != NULL && fread(text, 1, 4, boot) == 4 && fclose(boot) == 0);
    FAILS("but not written", fopen("boot:/boot.cfg", "r+") == NULL, EACCES);
    FAILS("nor does it get more", fopen("boot:/more", "w") == NULL, EACCES);
    FAILS("or less", remove("boot:/boot.cfg") == -1, EACCES);
    DIR *const directory = opendir("boot:/");
    bool is_listed = false;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        is_listed = is_listed || strcmp(entry->d_name, "boot.cfg") == 0;
    }
    CHECK("it is listed", is_listed && closedir(directory) == 0);
}

static void check_bad(void)
{
    FILE *const file = fopen("disk0:/BAD.BIN", "r");
    FAILS("a bad page ends it", fread(data, 1, 20000, file) == 2 * PAGE, EIO);
    CHECK("with an error", ferror(file) && !feof(file));
    clearerr(file);
    CHECK("what is behind it is there", fseek(file, 3 * PAGE, SEEK_SET) == 0 &&
                                            fread(data, 1, 20000, file) == 20000 - 3 * PAGE &&
                                            feof(file));
    fclose(file);
}

static void check_gone(void)
{
    FILE *file = fopen("disk0:/file", "w");
    CHECK("a file is made", file != NULL);
    errno = 0;
    for (int i = 0; i < 1000 && errno == 0; i++) {
        fwrite(data, 1, 0x4000, file);
        if (fflush(file) == 0 && fsync(fileno(file)) == 0) {
            rewind(file);
        }
    }
    CHECK("then the disk is gone", errno == EIO);
    fclose(file);
}

int main(int argc, char **argv)
{
    const char *const what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "full") == 0) {
        check_full();
    } else if (strcmp(what, "protected") == 0) {
        check_protected();
    } else if (strcmp(what, "bad") == 0) {
        check_bad();
    } else {
        check_gone();
    }
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
