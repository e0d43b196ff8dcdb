/*
 * Starts libc_child.c with streams of its own, handles on two directories of disk0:, which
 * is empty, and an environment. Prints what the child writes ("said N bytes" for long
 * lines) and how it ends.
 */
#include "check.h"
#include "file_client.h"
#include "spawn.h"
#include "stream.h"

#include <anos/thread.h>
#include <stdlib.h>

#define AT_ONCE 1000 /* of bytes that are written: the child must see that it was not all */

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t disk;

/* What the child reads, an answer each. */
static size_t put_input(int number, char *to)
{
    switch (number) {
    case 0:
        return (size_t)(stpcpy(to, "first li") - to);
    case 1:
        return (size_t)(stpcpy(to, "ne\nsecond line\n") - to);
    case 2:
        memset(to, 'x', PAGE);
        return PAGE;
    case 3:
        memset(to, 'x', 5000 - PAGE);
        memcpy(to + 5000 - PAGE, "\0\004", 2);
        return 5002 - PAGE;
    default:
        return 0;
    }
}

static void *serve_input(void *channel)
{
    static char window[PAGE] __attribute__((aligned(PAGE)));
    uint64_t tag, bytes;
    for (int number = 0;; number++) {
        const result got = anos_recv_message((uint64_t)channel, &tag, &bytes, window);
        anos_reply_message(got.value, tag == STREAM_READ ? 1 + put_input(number, window) : 0);
    }
}

/* Print a line that the child has written; true if it was the last one. */
static bool print(const char *line)
{
    if (strlen(line) > 200) {
        printf("said %zu bytes\n", strlen(line));
    } else {
        printf("%s\n", line);
    }
    return strncmp(line, "done ", 5) == 0;
}

static void serve_output(uint64_t channel)
{
    static char window[PAGE] __attribute__((aligned(PAGE)));
    static char line[20000];
    size_t used = 0;
    uint64_t tag, bytes;
    for (;;) {
        const result got = anos_recv_message(channel, &tag, &bytes, window);
        const size_t count = bytes < AT_ONCE ? bytes : AT_ONCE;
        bool is_last = false;
        for (size_t i = 0; i < count; i++) {
            line[used++] = window[i];
            if (window[i] == '\n') {
                line[used - 1] = '\0';
                used = 0;
                is_last = print(line);
            }
        }
        anos_reply_message(got.value, 1 + count);
        if (is_last) {
            return;
        }
    }
}

static void *refuse(void *channel)
{
    static char window[PAGE] __attribute__((aligned(PAGE)));
    uint64_t tag, bytes;
    for (;;) {
        const result got = anos_recv_message((uint64_t)channel, &tag, &bytes, window);
        anos_reply_message(got.value, 0);
    }
}

static void put(const char *path, const char *text)
{
    file_create(disk, path, page);
    file_write(disk, path, 0, text, strlen(text), page);
}

static uint64_t handle_on(const char *path, uint32_t rights)
{
    uint64_t handle = 0;
    file_open(disk, path, rights, &handle, page);
    return handle;
}

/* Wait until the child has ended, and say how. */
static void print_end(uint64_t process)
{
    uint64_t status = anos_process_status(process).value;
    while (status >> 32 == ANOS_END_ALIVE) {
        anos_task_sleep_current(MS);
        status = anos_process_status(process).value;
    }
    printf("%s %d\n", status >> 32 == ANOS_END_EXITED ? "exited with" : "ended by",
           (int)(uint32_t)status);
}

int main(void)
{
    static const uint8_t ids[] = {
        ANOS_SYS_SEND_MESSAGE,   ANOS_SYS_SLEEP,          ANOS_SYS_CREATE_REGION,
        ANOS_SYS_DESTROY_REGION, ANOS_SYS_UNMAP_VIRTUAL,  ANOS_SYS_KILL_CURRENT_TASK,
        ANOS_SYS_EXIT_PROCESS,   ANOS_SYS_CLOCK,
    };
    struct capability_pair pairs[sizeof ids + 5], *next = spawn_own(pairs, ids, sizeof ids);
    disk = file_system("disk0:/", page);
    file_make_directory(disk, "disk0:/docs", page);
    file_make_directory(disk, "disk0:/docs/fixed", page);
    file_make_directory(disk, "disk0:/secret", page);
    put("disk0:/docs/a.txt", "a\n");
    put("disk0:/docs/fixed/b.txt", "b\n");
    put("disk0:/secret/file", "secret\n");
    const uint64_t input = anos_create_channel().value, output = anos_create_channel().value,
                   errors = anos_create_channel().value;
    *next++ = (struct capability_pair){ ANOS_CAP_STDIN, input };
    *next++ = (struct capability_pair){ ANOS_CAP_STDOUT, output };
    *next++ = (struct capability_pair){ ANOS_CAP_STDERR, errors };
    *next++ = (struct capability_pair){ ANOS_FIRST_DIRECTORY_SLOT, handle_on("disk0:/docs", 0) };
    *next++ = (struct capability_pair){ ANOS_FIRST_DIRECTORY_SLOT + 1,
                                        handle_on("disk0:/docs/fixed", FILE_MAY_READ) };
    anos_thread_start(ANOS_CLASS_NORMAL, 0x10000, serve_input, (void *)input);
    anos_thread_start(ANOS_CLASS_NORMAL, 0x10000, refuse, (void *)errors);
    static const char *const arguments[] = { "boot:/libc_child.elf" };
    static const char *const environment[] = {
        "ANOS_FILES=disk0:/docs;disk0:/docs/fixed/",
        "PWD=disk0:/docs",
        "ANOS_TERMINALS=2",
    };
    const struct start start = {
        .stack_bytes = 0x20000,
        .arguments = arguments,
        .argument_count = sizeof arguments / sizeof *arguments,
        .environment = environment,
        .environment_count = sizeof environment / sizeof *environment,
        .capabilities = pairs,
        .capability_count = (size_t)(next - pairs),
    };
    uint64_t process;
    const int64_t pid = spawn_start(&start, &process, page);
    if (pid <= 0) {
        printf("not started: %lld\n", (long long)pid);
    } else {
        serve_output(output);
        print_end(process);
    }
    file_sync(disk, "disk0:", page);
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
