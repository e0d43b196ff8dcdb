/*
 * A client of the process manager that makes every mistake, and a filesystem
 * that serves it programs that are none. It may make every call.
 */
#include "process.h"
#include "services.h"

#include <stdlib.h>

static char spare[PAGE] __attribute__((aligned(PAGE)));
static uint64_t processes;

struct call {
    uint64_t id, cookie;
};

static uint64_t build(uint64_t stack_bytes, const char *strings, size_t string_bytes, int argc,
                      const struct call *calls, int capc)
{
    struct spawn_request *const request = (struct spawn_request *)page;
    memset(page, 0, sizeof page);
    request->stack_bytes = stack_bytes;
    request->argument_count = (uint16_t)argc;
    request->capability_count = (uint16_t)capc;
    if (capc <= SPAWN_CAPABILITIES_MAX) {
        memcpy(request->capabilities, calls, (size_t)capc * sizeof *calls);
        memcpy(&request->capabilities[capc], strings, string_bytes);
    }
    return SPAWN_BYTES((size_t)capc, string_bytes);
}

static void spawns(const char *name, uint64_t size, int64_t expected)
{
    const result got = anos_send_message(processes, PROCESS_SPAWN, size, page);
    char detail[80];
    snprintf(detail, sizeof detail, "type %lld value %lld", (long long)got.type,
             (long long)got.value);
    check(got.type == ANOS_OK &&
              (expected > 0 ? (int64_t)got.value > 0 : (int64_t)got.value == expected),
          name, detail);
}

static void check_spawn_errors(void)
{
    static const char path[] = "boot:/hello.elf", two[] = "boot:/hello.elf\0second";
    struct call print = { ANOS_SYS_DEBUG_PRINT, __syscall_capabilities[ANOS_SYS_DEBUG_PRINT] };
    struct call many[SPAWN_CAPABILITIES_MAX] = { 0 };
    processes = anos_find_named_channel(PROCESS_NAME).value;
    CHECK("8.5 the process manager has its name", processes != 0);

    const uint64_t size = build(PAGE, path, sizeof path, 1, &print, 1);
    spawns("8.5 size 15", 15, SPAWN_TOO_SHORT);
    spawns("8.5 size 0", 0, SPAWN_TOO_SHORT);
    spawns("8.5 pairs cut", size - sizeof path - 1, SPAWN_CAPABILITIES_CUT);
    spawns("8.5 no strings", size - sizeof path, SPAWN_ARGUMENTS_CUT);
    spawns("8.5 string cut", size - 1, SPAWN_ARGUMENT_CUT);
    build(PAGE, two, sizeof two, 2, &print, 1);
    spawns("8.5 second string missing", size, SPAWN_ARGUMENTS_CUT);
    spawns("8.5 second string cut", size + 3, SPAWN_ARGUMENT_CUT);
    spawns("8.5 65 arguments", build(PAGE, path, sizeof path, 65, &print, 1), SPAWN_TOO_MANY);
    spawns("8.5 65,535 of them", build(PAGE, path, sizeof path, 65535, &print, 1), SPAWN_TOO_MANY);
    build(PAGE, path, sizeof path, 1, many, 33);
    spawns("8.5 33 pairs", PAGE, SPAWN_TOO_MANY);
    spawns("8.5 no arguments", build(PAGE, path, sizeof path, 0, &print, 1), SPAWN_ARGUMENTS_CUT);
    spawns("8.5 missing file", build(PAGE, "boot:/no", 9, 1, &print, 1), SPAWN_NO_FILE);
    spawns("8.5 missing mount", build(PAGE, "toast:/no", 10, 1, &print, 1), SPAWN_NO_FILE);
    spawns("8.5 empty path", build(PAGE, "", 1, 1, &print, 1), SPAWN_NO_FILE);
    spawns("8.5 no program", build(PAGE, "boot:/text", 11, 1, &print, 1),
           SPAWN_NOT_EXECUTABLE);
    spawns("8.5 no stack", build(0, path, sizeof path, 1, &print, 1), ANOS_BADARGS);
    spawns("8.5 endless stack", build(UINT64_MAX, path, sizeof path, 1, &print, 1), ANOS_BADARGS);
    spawns("8.5 too much", build(64 * MIB + 1, path, sizeof path, 1, &print, 1), ANOS_BADARGS);
    const result unknown = anos_send_message(processes, 5, size, page);
    gives("8.5 unknown tag", unknown, (uint64_t)(int64_t)SPAWN_UNKNOWN_TAG);
    if (!is_bearer()) {
        print.cookie = 12345;
        spawns("8.5 a cookie that we do not hold", build(PAGE, path, sizeof path, 1, &print, 1),
               SPAWN_NOT_HELD);
    }
    static char page_of_strings[PAGE];
    memset(page_of_strings, 'a', sizeof page_of_strings - 16);
    memcpy(page_of_strings, path, sizeof path);
    spawns("8.5 a string without end", build(2 * PAGE, page_of_strings, PAGE - 16, 2, many, 0),
           SPAWN_ARGUMENT_CUT);
    spawns("8.5 no page", (memset(page, 0, sizeof page), 0), SPAWN_TOO_SHORT);
    gives("8.5 no page but a size", anos_send_message(processes, PROCESS_SPAWN, 64, NULL),
          (uint64_t)(int64_t)SPAWN_ARGUMENTS_CUT);
}

/* ---- a filesystem of ours, behind which is whatever `served` is ---- */

static uint64_t served_channel;
static const uint8_t *served;
static size_t served_bytes, served_claim;

static uint64_t answer(uint64_t tag, uint8_t *window)
{
    const uint64_t offset = *(uint64_t *)window;
    if (tag == FILE_SIZE) {
        return served_claim;
    }
    if (tag != FILE_LOAD || offset >= served_bytes) {
        return 0;
    }
    const size_t bytes = served_bytes - offset < PAGE ? served_bytes - offset : PAGE;
    memcpy(window, served + offset, bytes);
    return bytes;
}

static void serve(void)
{
    for (;;) {
        uint64_t tag, size;
        const result got = anos_recv_message(served_channel, &tag, &size, spare);
        if (got.type != ANOS_OK) {
            anos_kill_current_task();
        }
        anos_reply_message(got.value, answer(tag, (uint8_t *)spare));
    }
}

static void spawn_served(const char *name, const uint8_t *bytes, size_t count, size_t claim,
                         int64_t expected)
{
    const struct call calls[] = {
        { ANOS_SYS_DEBUG_PRINT, __syscall_capabilities[ANOS_SYS_DEBUG_PRINT] },
        { ANOS_SYS_KILL_CURRENT_TASK, __syscall_capabilities[ANOS_SYS_KILL_CURRENT_TASK] },
    };
    served = bytes;
    served_bytes = count;
    served_claim = claim;
    spawns(name, build(4 * PAGE, "mine:/a", 8, 1, calls, 2), expected);
}

static uint8_t *read_file(const char *path, size_t *bytes)
{
    *bytes = file_size(path).value;
    uint8_t *const content = malloc(*bytes + PAGE);
    for (size_t offset = 0; offset < *bytes; offset += PAGE) {
        const result got = load(path, offset, PAGE);
        memcpy(content + offset, page, got.value);
    }
    return content;
}

/* Spawn a copy of the file in which `value`, of `width` bytes, stands at `at`. */
static void spoil(const char *name, const uint8_t *file, size_t bytes, size_t at, uint64_t value,
                  size_t width)
{
    uint8_t *const copy = malloc(bytes);
    memcpy(copy, file, bytes);
    memcpy(copy + at, &value, width);
    spawn_served(name, copy, bytes, bytes, SPAWN_NOT_EXECUTABLE);
    free(copy);
}

static void check_files(void)
{
    served_channel = anos_create_channel().value;
    start_thread(serve, ANOS_CLASS_NORMAL);
    gives("8.4/2 a filesystem of ours", change(VFS_REGISTER, "mine:", served_channel), 1);

    size_t bytes;
    uint8_t *const file = read_file("boot:/hello.elf", &bytes);
    spawn_served("a program from another filesystem", file, bytes, bytes, 1);
    spawn_served("a file that is shorter than it says", file, bytes - 1, bytes, SPAWN_NO_FILE);
    spawn_served("a file that is longer than it says", file, bytes, bytes / 2 + 1, SPAWN_NO_FILE);
    spawn_served("an endless file", file, bytes, UINT64_MAX, SPAWN_NOT_EXECUTABLE);
    spawn_served("a file larger than memory", file, bytes, 60 * MIB, SPAWN_NO_MEMORY);
    spawn_served("an empty file", file, 0, 0, SPAWN_NO_FILE);
    spawn_served("a file without content", file, 0, 100, SPAWN_NO_FILE);
    spawn_served("63 bytes", file, 63, 63, SPAWN_NOT_EXECUTABLE);
    spawn_served("a header", file, 64, 64, SPAWN_NOT_EXECUTABLE);
    spawn_served("no segments", file, PAGE, PAGE, SPAWN_NOT_EXECUTABLE);

    const size_t first = *(const uint64_t *)(file + 32); /* program header */
    spoil("magic", file, bytes, 0, 0x7e, 1);
    spoil("32 bits", file, bytes, 4, 1, 1);
    spoil("big-endian", file, bytes, 5, 2, 1);
    spoil("version", file, bytes, 6, 0, 1);
    spoil("relocatable", file, bytes, 16, 1, 2);
    spoil("position-independent", file, bytes, 16, 3, 2);
    spoil("machine", file, bytes, 18, 0xb7, 2);
    spoil("entry nowhere", file, bytes, 24, 0, 8);
    spoil("entry in data", file, bytes, 24, 0x44000000, 8);
    spoil("entry behind the code", file, bytes, 24, 0x03ffffff, 8);
    spoil("program headers behind the file", file, bytes, 32, bytes, 8);
    spoil("program headers far behind", file, bytes, 32, UINT64_MAX - 8, 8);
    spoil("too many program headers", file, bytes, 56, 0xffff, 2);
    spoil("odd program headers", file, bytes, 54, 32, 2);
    spoil("dynamic linker", file, bytes, first, 3, 4);
    spoil("no code", file, bytes, first + 4, 4, 4);
    spoil("segment in the file's midst", file, bytes, first + 8, 8, 8);
    spoil("segment behind the file", file, bytes, first + 8, UINT64_MAX - PAGE + 1, 8);
    spoil("unaligned segment", file, bytes, first + 16, 0x2000800, 8);
    spoil("segment in the first page", file, bytes, first + 16, 0, 8);
    spoil("segment in the kernel", file, bytes, first + 16, ANOS_KERNEL_BEGIN, 8);
    spoil("segment at the end of user memory", file, bytes, first + 16, ANOS_USER_END - PAGE, 8);
    spoil("segment over the stack", file, bytes, first + 16, ANOS_STACK_TOP - PAGE, 8);
    spoil("segment over the next one", file, bytes, first + 40, 0x10000000, 8);
    spoil("segment over everything", file, bytes, first + 40, UINT64_MAX, 8);
    spoil("file larger than memory", file, bytes, first + 32, UINT64_MAX, 8);
    spoil("more file than memory", file, bytes, first + 40, 1, 8);
    free(file);
    anos_destroy_channel(served_channel);
}

/* ---- a filesystem that never answers ---- */

enum { STUCK_THREADS = 9 };
static volatile uint64_t busy_count, failed_count;

static void spawn_stuck(void)
{
    static char pages[STUCK_THREADS][PAGE] __attribute__((aligned(PAGE)));
    static int used;
    static const char path[] = "stuck:/a";
    char *const own = pages[used++];
    struct spawn_request *const request = (struct spawn_request *)own;
    *request = (struct spawn_request){ .stack_bytes = PAGE, .argument_count = 1 };
    memcpy(request->capabilities, path, sizeof path);
    const result got =
        anos_send_message(processes, PROCESS_SPAWN, SPAWN_BYTES(0, sizeof path), own);
    busy_count += (int64_t)got.value == SPAWN_BUSY;
    failed_count += (int64_t)got.value == SPAWN_NO_FILE;
    anos_kill_current_task();
}

static void check_stuck(void)
{
    static const char path[] = "boot:/hello.elf";
    const struct call calls[] = {
        { ANOS_SYS_KILL_CURRENT_TASK, __syscall_capabilities[ANOS_SYS_KILL_CURRENT_TASK] },
    };
    const uint64_t stuck = anos_create_channel().value;
    gives("8.4/2 a filesystem that never answers", change(VFS_REGISTER, "stuck:", stuck), 1);
    for (int i = 0; i < STUCK_THREADS; i++) {
        start_thread(spawn_stuck, ANOS_CLASS_NORMAL);
        anos_task_sleep_current(MS);
    }
    CHECK("the last ones are refused", busy_count == 2 && failed_count == 0);
    spawns("others are served", build(4 * PAGE, path, sizeof path, 1, calls, 1), 1);
    anos_destroy_channel(stuck);
    anos_task_sleep_current(100 * MS);
    CHECK("its end is an answer", failed_count == STUCK_THREADS - busy_count);
    change(VFS_UNREGISTER, "stuck:", stuck);
}

/* ---- what a child gets ---- */

static void check_children(void)
{
    struct call calls[SPAWN_CAPABILITIES_MAX];
    int count = 0;
    for (uint64_t id = 1; id < ANOS_CAPABILITY_SLOTS && count < 30; id++) {
        if (__syscall_capabilities[id] != 0) {
            calls[count++] = (struct call){ id, __syscall_capabilities[id] };
        }
    }
    calls[count++] = (struct call){ 99, 0 };
    static const char plain[] = "boot:/inherit.elf\0a\0", kept[] = "boot://limited.elf\0b";
    spawns("8.5 a child", build(4 * PAGE, plain, sizeof plain, 3, calls, count), 1);
    spawns("8.5 one with a manifest", build(4 * PAGE - 1, kept, sizeof kept, 2, calls, count), 1);
    const uint64_t end = __syscall_capabilities[ANOS_SYS_KILL_CURRENT_TASK];
    const struct call few[] = { calls[0], calls[0], { ANOS_SYS_KILL_CURRENT_TASK, end } };
    const struct call swapped[] = { { ANOS_SYS_DEBUG_PRINT, calls[1].cookie }, few[2] };
    spawns("8.5 another call's cookie", build(4 * PAGE, kept, sizeof kept, 2, swapped, 2), 1);
    spawns("8.5 the same pair twice", build(4 * PAGE, plain, sizeof plain, 3, few, 3), 1);

    static char strings[PAGE - 128];
    memset(strings, 'l', sizeof strings - 1);
    memcpy(strings, plain, 18);
    spawns("8.5 stack image of two pages", build(5 * PAGE, strings, sizeof strings, 2, few, 3), 1);
    spawns("8.5 is none for one", build(PAGE, strings, sizeof strings, 2, few, 3), ANOS_BADARGS);
    spawns("8.5 the largest stack", build(64 * MIB, plain, sizeof plain, 3, few, 3), 1);
}

int main(void)
{
    find_services();
    check_spawn_errors();
    check_files();
    check_stuck();
    check_children();
    anos_task_sleep_current(100 * MS); /* the children may speak */
    return finish();
}
