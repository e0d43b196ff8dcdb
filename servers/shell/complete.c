/* Choices are commands or the names in a directory; what they share is inserted. */
#include "complete.h"

#include "command.h"
#include "console.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define CHOICES_SHOWN_MAX 100
#define NAME_BYTES 768
#define WORD_BYTES 1024

struct choices {
    const char *begin; /* what a choice begins with */
    char common[NAME_BYTES];
    unsigned count;
    bool show;
};

static void consider(struct choices *choices, const char *name, const char *suffix)
{
    char text[NAME_BYTES];
    if (strncmp(name, choices->begin, strlen(choices->begin)) != 0) {
        return;
    }
    const int bytes = snprintf(text, sizeof text, "%s%s", name, suffix);
    if (choices->show) {
        if (choices->count < CHOICES_SHOWN_MAX) {
            console_write(text, (size_t)bytes < sizeof text ? (size_t)bytes : sizeof text - 1);
            console_write(" ", 1);
        }
    } else if (choices->count == 0) {
        strcpy(choices->common, text);
    } else {
        size_t same = 0;
        while (text[same] != '\0' && text[same] == choices->common[same]) {
            same++;
        }
        choices->common[same] = '\0';
    }
    choices->count++;
}

static void consider_commands(struct choices *choices)
{
    for (const struct group *group = command_groups; group->name != NULL; group++) {
        for (const struct builtin *each = group->builtins; each->name != NULL; each++) {
            consider(choices, each->name, " ");
        }
    }
}

static void consider_names(struct choices *choices, const char *directory)
{
    DIR *const names = opendir(directory);
    if (names == NULL) {
        return;
    }
    for (const struct dirent *each; (each = readdir(names)) != NULL;) {
        consider(choices, each->d_name, each->d_type == DT_DIR ? "/" : " ");
    }
    closedir(names);
}

static void consider_all(struct choices *choices, const char *directory)
{
    choices->count = 0;
    if (directory == NULL) {
        consider_commands(choices);
    } else {
        consider_names(choices, directory);
    }
}

/* Insert what all choices have behind the word, blanks in names with a backslash. */
static void insert(struct line *line, const struct choices *choices, bool only_one)
{
    char text[2 * NAME_BYTES];
    size_t used = 0;
    const char *const rest = choices->common + strlen(choices->begin);
    for (size_t i = 0; rest[i] != '\0'; i++) {
        const bool is_end = only_one && rest[i + 1] == '\0';
        if (!is_end && strchr(" '\"\\|<>&;#$", rest[i]) != NULL) {
            text[used++] = '\\';
        }
        text[used++] = rest[i];
    }
    console_insert(line, text, used);
}

bool complete(void *context, struct line *line)
{
    char word[WORD_BYTES];
    size_t begin = line->cursor;
    (void)context;
    while (begin > 0 && strchr(" |<>&;", line->text[begin - 1]) == NULL) {
        begin--;
    }
    const size_t bytes = line->cursor - begin;
    if (bytes >= sizeof word) {
        return false;
    }
    memcpy(word, line->text + begin, bytes);
    word[bytes] = '\0';
    struct choices choices = { .begin = word };
    char directory[WORD_BYTES] = ".";
    const char *const slash = strrchr(word, '/');
    if (slash != NULL) {
        const size_t directory_bytes = (size_t)(slash - word) + 1;
        memcpy(directory, word, directory_bytes);
        directory[directory_bytes] = '\0';
        choices.begin = slash + 1;
    }
    const bool is_command = slash == NULL && strspn(line->text, " ") == begin;
    const char *const where = is_command ? NULL : directory;
    consider_all(&choices, where);
    if (choices.count == 0) {
        return false;
    }
    if (strlen(choices.common) > strlen(choices.begin)) {
        insert(line, &choices, choices.count == 1);
        return false;
    }
    choices.show = true;
    console_write("\n", 1);
    consider_all(&choices, where);
    console_write("\n", 1);
    return true;
}
