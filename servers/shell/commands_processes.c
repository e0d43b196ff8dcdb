/* Programs and processes: run, ps, kill, caps, send. */
#include "builtins.h"
#include "calls.h"
#include "grant.h"
#include "job.h"
#include "process.h"
#include "program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CAPABILITIES_AT_ONCE 16
#define TEXT_MAX 3000

/* A message to SYSTEM through PROCESS_CONTROL; its answer, 0 if it refuses. */
static uint64_t ask_system(uint64_t tag, uint64_t number, void *page)
{
    memcpy(page, &number, sizeof number);
    const uint64_t control = __syscall_capabilities[ANOS_CAP_PROCESS_CONTROL];
    const struct anos_result answer = anos_send_message(control, tag, sizeof number, page);
    return answer.type == ANOS_OK && (int64_t)answer.value > 0 ? answer.value : 0;
}

static void show_process(FILE *out, const struct process_entry *entry)
{
    static const char *const ends[] = { "running", "exited", "killed", "crashed" };
    char state[32];
    snprintf(state, sizeof state, "%s", entry->end < 4 ? ends[entry->end] : "?");
    if (entry->end == ANOS_END_EXITED) {
        snprintf(state, sizeof state, "exited %" PRId32, (int32_t)entry->status);
    }
    fprintf(out, "%5" PRIu64 "  %-12s %4" PRIu64 ".%03" PRIu64 "  %s\n", entry->pid, state,
            entry->started_ns / 1000000000, entry->started_ns / 1000000 % 1000, entry->path);
}

static int list_processes(struct call *call)
{
    struct process_listing *const listing = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    int status = listing == NULL ? command_fail(call, "processes", ENOMEM) : STATUS_OK;
    uint64_t next = 0;
    fputs("  PID  STATE         STARTED  PROGRAM\n", call->out);
    do {
        if (status == STATUS_OK && ask_system(PROCESS_LIST, next, listing) == 0) {
            status = command_fail(call, "SYSTEM", EACCES);
        }
        for (uint32_t i = 0; status == STATUS_OK && i < listing->count; i++) {
            show_process(call->out, &listing->entries[i]);
        }
        next = status == STATUS_OK ? listing->next : 0;
    } while (next != 0 && !command_ends(call));
    free(listing);
    return status;
}

static bool kill_one(const char *name)
{
    char *end;
    const bool is_job = name[0] == '%';
    const uint64_t number = strtoull(name + is_job, &end, 10);
    if (end == name + is_job || *end != '\0') {
        errno = EINVAL;
        return false;
    }
    errno = ESRCH;
    if (is_job) {
        return job_stop((unsigned)number);
    }
    void *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    const bool killed = page != NULL && ask_system(PROCESS_KILL, number, page) == 1;
    free(page);
    return killed;
}

static int kill_all(struct call *call)
{
    int status = STATUS_OK;
    for (int i = 1; i < call->count; i++) {
        if (!kill_one(call->arguments[i])) {
            status = command_fail(call, call->arguments[i], errno);
        }
    }
    return status;
}

static void show_rights(FILE *out, uint32_t rights)
{
    static const char *const names[] = { "call", "send",  "receive", "name",    "destroy", "grant",
                                         "read", "write", "exec",    "observe", "kill", "revoke" };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rights & 1u << i) {
            fprintf(out, " %s", names[i]);
        }
    }
    fputc('\n', out);
}

static void show_capability(FILE *out, const struct anos_capability_info *info)
{
    static const char *const kinds[] = { "?",       "call",   "channel",      "process", "memory",
                                         "vectors", "vector", "notification", "memory object" };
    const uint32_t kind = info->kind < sizeof kinds / sizeof kinds[0] ? info->kind : 0;
    fprintf(out, "%016" PRIx64 "  ", info->cookie);
    if (kind == ANOS_OBJECT_CALL && calls_name((unsigned)info->number) != NULL) {
        fprintf(out, "%s:", calls_name((unsigned)info->number));
    } else {
        fprintf(out, "%s %" PRIu64 ":", kinds[kind], info->number);
    }
    show_rights(out, info->rights);
}

/* What slots of a program's cookie table are called, besides those of calls and ranges. */
static void show_slot(FILE *out, unsigned slot)
{
    const char *const name = calls_name(slot);
    if (name != NULL) {
        fprintf(out, "%s\n", name);
    } else if (slot >= ANOS_CAP_STDIN && slot <= ANOS_CAP_STDERR) {
        static const char *const streams[] = { "standard input", "standard output",
                                               "standard error" };
        fprintf(out, "%s\n", streams[slot - ANOS_CAP_STDIN]);
    } else {
        fprintf(out, "directory %u\n", slot - ANOS_FIRST_DIRECTORY_SLOT);
    }
}

/* What SYSTEM gave to one of its children. */
static int list_given(struct call *call, const char *text)
{
    char *end;
    const uint64_t pid = strtoull(text, &end, 10);
    struct process_listing *const listing = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    if (end == text || *end != '\0' || listing == NULL) {
        free(listing);
        return command_fail(call, text, listing == NULL ? ENOMEM : EINVAL);
    }
    const bool answered = ask_system(PROCESS_LIST, pid, listing) != 0;
    const bool found = answered && listing->count > 0 && listing->entries[0].pid == pid;
    for (unsigned slot = 0; found && slot < ANOS_CAPABILITY_SLOTS; slot++) {
        if (listing->entries[0].slots[slot / 64] >> slot % 64 & 1) {
            show_slot(call->out, slot);
        }
    }
    free(listing);
    return found ? STATUS_OK : command_fail(call, text, answered ? ESRCH : EACCES);
}

static int list_capabilities(struct call *call)
{
    if (call->count > 1) {
        return list_given(call, call->arguments[1]);
    }
    struct anos_capability_info list[CAPABILITIES_AT_ONCE];
    uint64_t first = 0, count;
    do {
        const struct anos_result listed =
            anos_list_capabilities(list, CAPABILITIES_AT_ONCE, first);
        if (listed.type != ANOS_OK) {
            return command_fail(call, "the shell's capabilities", EACCES);
        }
        count = listed.value;
        for (uint64_t i = 0; i < count; i++) {
            show_capability(call->out, &list[i]);
        }
        first += count;
    } while (count == CAPABILITIES_AT_ONCE && !command_ends(call));
    return STATUS_OK;
}

/* Show the text at the begin of a page, if there is one. */
static void show_text(FILE *out, const char *page)
{
    const size_t bytes = strnlen(page, ANOS_PAGE_BYTES);
    for (size_t i = 0; i < bytes; i++) {
        const bool is_control = (unsigned char)page[i] < ' ' && page[i] != '\n' && page[i] != '\t';
        fputc(is_control ? '.' : page[i], out);
    }
    if (bytes > 0 && page[bytes - 1] != '\n') {
        fputc('\n', out);
    }
}

static int send(struct call *call)
{
    char *end;
    const uint64_t tag = strtoull(call->arguments[2], &end, 0);
    if (end == call->arguments[2] || *end != '\0') {
        return command_fail(call, call->arguments[2], EINVAL);
    }
    const uint64_t channel = anos_find_named_channel(call->arguments[1]).value;
    if (channel == 0) {
        fprintf(call->errors, "send: no channel has the name %s\n", call->arguments[1]);
        return STATUS_FAILED;
    }
    char *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
    if (page == NULL) {
        return command_fail(call, call->arguments[1], ENOMEM);
    }
    memset(page, 0, ANOS_PAGE_BYTES);
    size_t used = 0;
    for (int i = 3; i < call->count && used < TEXT_MAX; i++) {
        used += (size_t)snprintf(page + used, TEXT_MAX - used, "%s%s", i > 3 ? " " : "",
                                 call->arguments[i]);
    }
    used = strnlen(page, TEXT_MAX);
    const struct anos_result answer = anos_send_message(channel, tag, used + 1, page);
    if (answer.type == ANOS_OK) {
        fprintf(call->out, "%" PRId64 "\n", (int64_t)answer.value);
        show_text(call->out, page);
    } else {
        fprintf(call->errors, "send: %s answers 0, or it is gone\n", call->arguments[1]);
    }
    free(page);
    return answer.type == ANOS_OK ? STATUS_OK : STATUS_FAILED;
}

const struct builtin process_builtins[] = {
    { "run", "[--with CAP]... PROGRAM [ARGUMENT]...", "run a program with what is named",
      "It gets its streams, memory, threads, clocks, its end, and what is named; nothing else.\n"
      "CAP is PATH:r or PATH:rw (a file, or a directory and all below it), a call's\n"
      "name as in a boot config (SYSCALL_CREATE_CHANNEL), or a group: files (all file systems and\n"
      "named channels), log (the kernel's log), server (a named channel of its own).\n"
      "PROGRAM is a path; a name alone is looked for in boot:/ and then in the working directory,\n"
      "with and without .elf. Status: the program's; 137 killed, 139 crashed, 130 Ctrl-C.\n"
      "  run --with disk0:/docs:r files.elf",
      1, ANY_COUNT, program_run_with },
    { "ps", "", "the processes that SYSTEM has started, and the last that have ended", NULL, 0, 0,
      list_processes },
    { "kill", "PID|%JOB...", "end processes, or jobs in the background", "  kill %1", 1, ANY_COUNT,
      kill_all },
    { "caps", "[PID]", "the capabilities that the shell holds, or that a process was started with",
      "What processes hold now, and from whom: `anos-sim caps`.", 0, 1, list_capabilities },
    { "send", "NAME TAG [WORD]...", "send a message to a named channel, show the answer",
      "The body is the words with a NUL. The reply is shown as a number, and the page as text.", 2,
      ANY_COUNT, send },
    { .name = NULL },
};
