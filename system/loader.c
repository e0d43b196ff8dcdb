/*
 * The loader builds a process from outside: nothing of SYSTEM ever runs in it.
 *
 * Pages of the file are mapped, not copied: those that may not be written are
 * shared by every instance, the others copied when they are written. Only a
 * last page whose rest must read as zeros is a private one. What has no bytes
 * in the file, and the stack, is memory that appears when it is touched.
 */
#include "loader.h"

#include "boot.h"
#include "children.h"
#include "executable.h"
#include "pages.h"
#include "program_file.h"

#include <stdio.h>
#include <string.h>

#define STACK_BYTES_MAX 0x4000000 /* down to 0x40000000: below it there may be code */
#define STACK_ROOM_BYTES 1024     /* of the stack, below what it begins with */
#define CAPABILITIES_MAX ANOS_CAPABILITY_SLOTS

static bool map_into(uint64_t process, const uint8_t *source, uint64_t target, uint64_t bytes,
                     uint64_t flags)
{
    return bytes == 0 ||
           anos_map_into(process, (uint64_t)source, target, bytes, flags).type == ANOS_OK;
}

/* Map a copy of the first `bytes` of a page, zeros behind them. */
static bool map_last_page(uint64_t process, const uint8_t *source, uint64_t target, size_t bytes,
                          uint64_t flags)
{
    uint8_t *const page = pages_get(ANOS_PAGE_BYTES);
    if (page == NULL) {
        return false;
    }
    memcpy(page, source, bytes);
    const bool mapped = map_into(process, page, target, ANOS_PAGE_BYTES, flags);
    pages_put(page, ANOS_PAGE_BYTES);
    return mapped;
}

static bool map_segment(uint64_t process, const uint8_t *data, const struct segment *segment)
{
    const uint8_t *const source = data + segment->offset;
    const bool zeros_follow =
        segment->flags & ANOS_MAP_WRITE || segment->memory_bytes > segment->file_bytes;
    const uint64_t last_bytes = zeros_follow ? segment->file_bytes % ANOS_PAGE_BYTES : 0;
    const uint64_t shared_bytes = pages_round_up(segment->file_bytes - last_bytes);
    const uint64_t done = pages_round_up(segment->file_bytes);
    const uint64_t zero_bytes = pages_round_up(segment->memory_bytes) - done;

    return map_into(process, source, segment->address, shared_bytes, segment->flags) &&
           (last_bytes == 0 ||
            map_last_page(process, source + shared_bytes, segment->address + shared_bytes,
                          last_bytes, segment->flags)) &&
           map_into(process, NULL, segment->address + done, zero_bytes, segment->flags);
}

/* Delegate each capability; returns false if SYSTEM does not hold one itself. */
static bool give_all(uint64_t process, const struct program *program,
                     struct capability_pair *given)
{
    const struct start_values *const values = &program->values;
    for (unsigned i = 0; i < values->capability_count; i++) {
        given[i] = values->capabilities[i];
        if (given[i].cookie != 0) {
            const uint32_t rights = program->rights == NULL ? 0 : program->rights[i];
            const struct anos_result result = anos_give(process, given[i].cookie, rights);
            if (result.type != ANOS_OK) {
                return false;
            }
            given[i].cookie = result.value;
        }
    }
    return true;
}

static bool map_stack(uint64_t process, const struct start_values *values, uint64_t stack_bytes)
{
    const size_t image_bytes = stack_image_bytes(values);
    const size_t page_bytes = pages_round_up(image_bytes);
    const uint64_t flags = ANOS_MAP_READ | ANOS_MAP_WRITE;
    uint8_t *const pages = pages_get(page_bytes);
    if (pages == NULL) {
        return false;
    }
    stack_image_write(pages + page_bytes - image_bytes, ANOS_STACK_TOP - image_bytes, values);
    const bool mapped =
        map_into(process, NULL, ANOS_STACK_TOP - stack_bytes, stack_bytes, flags) &&
        map_into(process, pages, ANOS_STACK_TOP - page_bytes, page_bytes, flags);
    pages_put(pages, page_bytes);
    return mapped;
}

/* Fill an empty process and let it run; returns its pid or a negative spawn_error. */
static int64_t fill(uint64_t process, const struct program *program, uint64_t stack_bytes,
                    const uint8_t *data, const struct executable *executable)
{
    struct capability_pair given[CAPABILITIES_MAX];
    struct start_values values = program->values;
    values.capabilities = given;
    if (!give_all(process, program, given)) {
        return SPAWN_NOT_HELD;
    }
    for (unsigned i = 0; i < executable->segment_count; i++) {
        if (!map_segment(process, data, &executable->segments[i])) {
            return SPAWN_NO_MEMORY;
        }
    }
    if (!map_stack(process, &values, stack_bytes)) {
        return SPAWN_NO_MEMORY;
    }
    const struct anos_result started =
        anos_start_process(process, executable->entry, ANOS_STACK_TOP - stack_image_bytes(&values));
    return started.type == ANOS_OK ? (int64_t)started.value : started.type;
}

static int64_t build(const struct program *program, uint64_t stack_bytes, const uint8_t *data,
                     const struct executable *executable, uint64_t *process)
{
    const uint64_t rights = ANOS_RIGHT_OBSERVE | ANOS_RIGHT_KILL | ANOS_RIGHT_GRANT;
    struct anos_mem_info memory = { 0 };
    anos_get_mem_info(&memory);
    if (memory.free_bytes < RESERVE_BYTES) {
        return SPAWN_NO_MEMORY;
    }
    const struct anos_result built = anos_build_process(program->thread_class);
    if (built.type != ANOS_OK) {
        return SPAWN_NO_MEMORY;
    }
    const int64_t pid = fill(built.value, program, stack_bytes, data, executable);
    if (pid < 0) {
        anos_kill_process(built.value);
        anos_drop(built.value);
    } else {
        if (process != NULL) {
            *process = anos_mint(built.value, rights, 0).value;
        }
        children_add(built.value, (uint64_t)pid, &program->values);
    }
    return pid;
}

static const char *reason(int64_t error)
{
    switch (error) {
    case SPAWN_NO_FILE:
        return "there is no such file";
    case SPAWN_NOT_EXECUTABLE:
        return "it is too large for a program";
    case SPAWN_NO_MEMORY:
        return "there is not enough memory";
    case SPAWN_NOT_HELD:
        return "SYSTEM does not hold a right that it needs";
    default:
        return "its stack cannot have that size, or its entry is no address";
    }
}

static int64_t load(const struct program *program, uint64_t *process, const char **why)
{
    const struct start_values *const values = &program->values;
    const uint64_t stack_bytes = pages_round_up(program->stack_bytes);
    if (program->stack_bytes > STACK_BYTES_MAX || values->capability_count > CAPABILITIES_MAX ||
        stack_bytes < stack_image_bytes(values) + STACK_ROOM_BYTES) {
        return ANOS_BADARGS;
    }
    struct program_file file;
    const int64_t error = program_file_open(&file, values->strings);
    if (error != 0) {
        return error;
    }
    struct executable executable;
    *why = executable_read(&executable, file.data, file.bytes, stack_bytes);
    const int64_t pid = *why != NULL
                            ? SPAWN_NOT_EXECUTABLE
                            : build(program, stack_bytes, file.data, &executable, process);
    program_file_close(&file);
    return pid;
}

int64_t loader_start(const struct program *program, uint64_t *process)
{
    const char *why = NULL;
    if (process != NULL) {
        *process = 0;
    }
    const int64_t pid = load(program, process, &why);
    if (pid < 0) {
        printf("loader: cannot start '%.128s': %s\n", program->values.strings,
               why != NULL ? why : reason(pid));
    }
    return pid;
}

void loader_own(struct capability_pair *pairs, uint32_t *rights,
                const struct anos_boot_entry *manifest)
{
    for (unsigned i = 0; i < manifest->capability_count; i++) {
        const unsigned slot = manifest->capabilities[i] % ANOS_CAPABILITY_SLOTS;
        pairs[i] = (struct capability_pair){ slot, __syscall_capabilities[slot] };
        rights[i] = boot_rights(manifest, slot);
    }
}
