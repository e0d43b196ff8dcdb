/* A line is read to its end before its first command runs: it runs as a whole or not at all. */
#include "shell.h"

#include "command.h"
#include "console.h"
#include "job.h"
#include "vfs.h"

#include <anos/abi.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 8 /* of files that run files */

static int last_status;

static int complain(const char *wrong)
{
    console_write("shell: ", strlen("shell: "));
    console_write(wrong, strlen(wrong));
    console_write("\n", 1);
    return STATUS_USAGE;
}

/* NULL, or what is wrong with a line. */
static const char *check(const struct tokens *tokens, struct pipeline *pipeline)
{
    size_t position = 0;
    const char *wrong;
    do {
        wrong = parser_read(pipeline, tokens, &position);
    } while (wrong == NULL && pipeline->count > 0);
    return wrong;
}

/* Each pipeline is read when it is its turn: `$?` is what the one before has left. */
static bool read_next(struct tokens *tokens, struct pipeline *pipeline, const char *line,
                      size_t *position)
{
    return lexer_read(tokens, line, last_status) == NULL &&
           parser_read(pipeline, tokens, position) == NULL && pipeline->count > 0;
}

static void run(struct tokens *tokens, struct pipeline *pipeline, const char *line)
{
    size_t position = 0;
    bool skip = false;
    while (read_next(tokens, pipeline, line, &position)) {
        if (!skip) {
            last_status = job_run(pipeline);
            if (last_status == STATUS_STOPPED) { /* Ctrl-C is for all of the line */
                return;
            }
        }
        skip = (pipeline->end == PIPELINE_AND && last_status != 0) ||
               (pipeline->end == PIPELINE_OR && last_status == 0);
    }
}

int shell_line(const char *line)
{
    struct tokens *const tokens = malloc(sizeof *tokens);
    struct pipeline *const pipeline = malloc(sizeof *pipeline);
    if (tokens == NULL || pipeline == NULL) {
        last_status = complain("there is not enough memory");
    } else {
        const char *wrong = lexer_read(tokens, line, last_status);
        wrong = wrong != NULL ? wrong : check(tokens, pipeline);
        if (wrong != NULL) {
            last_status = complain(wrong);
        } else {
            run(tokens, pipeline, line);
        }
    }
    free(tokens);
    free(pipeline);
    return last_status;
}

int shell_status(void)
{
    return last_status;
}

int shell_file(const char *path)
{
    static int depth;
    if (depth == DEPTH_MAX) {
        errno = ELOOP;
        return -1;
    }
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        return -1;
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;
    int status = STATUS_OK;
    depth++;
    while (status != STATUS_STOPPED && (bytes = getline(&line, &room, file)) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        status = shell_line(line);
    }
    depth--;
    free(line);
    const bool failed = ferror(file);
    fclose(file);
    return failed ? -1 : status;
}

static void sync_all(void)
{
    static _Alignas(ANOS_PAGE_BYTES) union {
        struct vfs_listing listing;
        char bytes[ANOS_PAGE_BYTES];
    } page;
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    if (anos_send_message(vfs, VFS_LIST, sizeof page, &page).type != ANOS_OK) {
        return;
    }
    for (uint32_t i = 0; i < page.listing.count; i++) {
        char path[VFS_PREFIX_BYTES + 1];
        snprintf(path, sizeof path, "%s/", page.listing.entries[i].prefix);
        const int root = open(path, O_RDONLY | O_DIRECTORY);
        if (root >= 0) {
            fsync(root);
            close(root);
        }
    }
}

void shell_power(unsigned long action, int status)
{
    sync_all();
    anos_power(action, (uint64_t)status);
}
