/*
 * PROCESS_START, PROCESS_LIST and PROCESS_KILL, with every mistake. It may make every call.
 * Started with an argument it is its own child: "status" ends with what its environment
 * says, "wait" never.
 */
#include "process.h"
#include "services.h"
#include "spawn.h"

#include <stdlib.h>

#define PATH "boot:/starts.elf"

static struct process_start *const request = (struct process_start *)page;
static uint64_t processes, control;

/* Send a request with these counts and strings; its answer. */
static int64_t starts(unsigned arguments, unsigned pairs, unsigned variables, const char *strings,
                      size_t bytes, size_t size)
{
    memset(page, 0, sizeof page);
    request->stack_bytes = 4 * PAGE;
    request->argument_count = (uint16_t)arguments;
    request->capability_count = (uint16_t)pairs;
    request->environment_count = (uint16_t)variables;
    memcpy(page + sizeof *request, strings, bytes);
    struct anos_transfer transfer = { 0 };
    const result got = anos_send_transfer(processes, PROCESS_START, size, page, &transfer);
    return got.type == ANOS_OK ? (int64_t)got.value : 0;
}

static void check_mistakes(void)
{
    static const char both[] = PATH "\0NAME=value";
    const size_t head = sizeof *request, path = sizeof PATH, all = sizeof both;
    CHECK("start: size 15", starts(1, 0, 0, both, path, 15) == SPAWN_TOO_SHORT);
    CHECK("start: no arguments", starts(0, 0, 0, both, path, head + path) == SPAWN_ARGUMENTS_CUT);
    CHECK("start: no strings", starts(1, 0, 0, both, path, head) == SPAWN_ARGUMENTS_CUT);
    CHECK("start: a string cut", starts(1, 0, 0, both, path, head + 4) == SPAWN_ARGUMENT_CUT);
    CHECK("start: a variable missing",
          starts(1, 0, 1, both, path, head + path) == SPAWN_ARGUMENTS_CUT);
    CHECK("start: a variable cut",
          starts(1, 0, 1, both, all, head + all - 1) == SPAWN_ARGUMENT_CUT);
    CHECK("start: 65 arguments", starts(65, 0, 0, both, path, PAGE) == SPAWN_TOO_MANY);
    CHECK("start: 65 pairs", starts(1, 65, 0, both, path, PAGE) == SPAWN_TOO_MANY);
    CHECK("start: 65 variables", starts(1, 0, 65, both, path, PAGE) == SPAWN_TOO_MANY);
    CHECK("start: pairs cut", starts(1, 4, 0, both, path, head + 40) == SPAWN_CAPABILITIES_CUT);
    CHECK("start: no such file", starts(1, 0, 0, "boot:/no", 9, head + 9) == SPAWN_NO_FILE);
}

/* The child's process capability, by spawn_start. */
static uint64_t start_copy(const char *what, const char *variable)
{
    static const uint8_t ids[] = { ANOS_SYS_EXIT_PROCESS, ANOS_SYS_SLEEP };
    struct capability_pair pairs[sizeof ids];
    spawn_own(pairs, ids, sizeof ids);
    const char *const arguments[] = { PATH, what }, *const environment[] = { "A=b", variable };
    const struct start start = { 0x10000, arguments, 2, environment, 2, pairs, sizeof ids };
    uint64_t process = 0;
    const int64_t pid = spawn_start(&start, &process, page);
    CHECK("start: a child is started", pid > 0);
    CHECK("start: its process is in the reply", process != 0);
    return process;
}

static uint64_t end_of(uint64_t process)
{
    const uint64_t notification = anos_create_notification().value;
    anos_watch_process(process, notification, 1);
    anos_wait(notification, 1, 0);
    const uint64_t status = anos_process_status(process).value;
    anos_drop(notification);
    return status;
}

static result ask(uint64_t channel, uint64_t tag, uint64_t number)
{
    memcpy(page, &number, sizeof number);
    return anos_send_message(channel, tag, sizeof number, page);
}

static void check_children(void)
{
    const struct process_listing *const listing = (const struct process_listing *)page;
    const uint64_t first = start_copy("status", "STATUS=33");
    CHECK("start: the environment arrives",
          end_of(first) == ((uint64_t)ANOS_END_EXITED << 32 | 33));
    const uint64_t second = start_copy("wait", "STATUS=1");
    const uint64_t pid = anos_inspect(second).value & UINT32_MAX;
    CHECK("list: it answers", (int64_t)ask(control, PROCESS_LIST, pid).value > 16);
    CHECK("list: the child is the first one from its pid on", listing->entries[0].pid == pid);
    CHECK("list: it lives", listing->entries[0].end == ANOS_END_ALIVE);
    CHECK("list: its path", strcmp(listing->entries[0].path, PATH) == 0);
    CHECK("list: behind the last", ask(control, PROCESS_LIST, pid + 1).value == 16);
    CHECK("list: no number", anos_send_message(control, PROCESS_LIST, 7, page).type != ANOS_OK);
    gives("kill: the child", ask(control, PROCESS_KILL, pid), 1);
    CHECK("kill: it has ended", end_of(second) == (uint64_t)ANOS_END_KILLED << 32);
    CHECK("kill: once only", ask(control, PROCESS_KILL, pid).type == ANOS_FAILURE);
    CHECK("kill: SYSTEM is not to be had", ask(control, PROCESS_KILL, 1).type == ANOS_FAILURE);
    CHECK("list: it was killed", ask(control, PROCESS_LIST, pid).value > 16 &&
                                     listing->entries[0].end == ANOS_END_KILLED);
    const uint64_t unknown = (uint64_t)(int64_t)SPAWN_UNKNOWN_TAG;
    gives("control: an unknown tag", ask(control, 99, 0), unknown);
    gives("list: not by the name", ask(processes, PROCESS_LIST, 0), unknown);
    gives("kill: not by the name", ask(processes, PROCESS_KILL, 2), unknown);
    anos_drop(first);
    anos_drop(second);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "status") == 0) {
        return getenv("STATUS") != NULL ? atoi(getenv("STATUS")) : 1;
    }
    while (argc > 1 && strcmp(argv[1], "wait") == 0) {
        anos_task_sleep_current(1000 * MS);
    }
    processes = anos_find_named_channel(PROCESS_NAME).value;
    control = __syscall_capabilities[ANOS_CAP_PROCESS_CONTROL];
    check_mistakes();
    check_children();
    return finish();
}
