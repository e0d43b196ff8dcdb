/*
 * The ELF loader (anos-abi 3.4, 13.1). It runs inside the new process, with
 * SYSTEM's capabilities: the array is in the .bss that the child shares
 * copy-on-write. Pages come by having the RAMFS server write them in place.
 */
#include "libc.h"
#include "system.h"

enum { LOAD_CLAIM = 26, PT_LOAD = 1 };
static char *const buffer = (char *)0x06fff000;

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, headers_offset, sections_offset;
    uint32_t flags;
    uint16_t size, header_size, header_count, section_size, section_count, names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

extern char _data_start[], _data_end[], _bss_start[], _bss_end[];
_Noreturn void load_server(uint64_t initial_sp, const char *path);
_Noreturn void enter_program(uint64_t initial_sp, uint64_t entry);

_Noreturn static void die(const char *what, const char *path)
{
    char line[96];
    snprintf(line, sizeof line, "loader: %s: %s\n", path, what);
    anos_kprint(line);
    anos_kprint("loader: this server is dying\n");
    anos_kill_current_task();
    for (;;) {
    }
}

/* Has the file's page at `offset` written over the request that is put into `page`. */
static uint64_t load_page(uint64_t files, const char *path, uint64_t offset, void *page)
{
    struct file_request *request = page;
    request->offset = offset;
    memcpy(request->path, path, strlen(path) + 1);
    const struct result loaded = anos_send_message(files, FILE_LOAD, LOAD_CLAIM, page);
    return loaded.type == OK ? loaded.value : 0;
}

static void load_segment(uint64_t files, const char *path, const struct program_header *segment)
{
    if ((segment->offset | segment->address) & (PAGE - 1)) {
        die("a segment is not page-aligned", path);
    }
    const struct result mapped =
        anos_map_virtual(segment->memory_size, segment->address, READ | WRITE | EXEC);
    if (mapped.type != OK) {
        die("a segment cannot be mapped", path);
    }
    if (segment->file_size == 0) {
        memset((void *)segment->address, 0, segment->memory_size);
        return;
    }
    for (uint64_t i = 0; i < segment->file_size; i += PAGE) {
        if (load_page(files, path, segment->offset + i, (void *)(segment->address + i)) == 0) {
            die("nothing was loaded", path);
        }
    }
}

static uint64_t open_file(const char *path)
{
    const struct result vfs = anos_find_named_channel("SYSTEM::VFS");
    if (vfs.type != OK || vfs.value == 0 ||
        anos_map_virtual(PAGE, (uintptr_t)buffer, READ | WRITE).type != OK) {
        die("there is no VFS", path);
    }
    const size_t size = strlen(path) + 1;
    memcpy(buffer, path, size);
    const struct result files = anos_send_message(vfs.value, VFS_FIND, size, buffer);
    if (files.type != OK || anos_send_message(files.value, FILE_SIZE, size, buffer).type != OK) {
        die("the file is missing", path);
    }
    return files.value;
}

_Noreturn void load_server(uint64_t initial_sp, const char *path)
{
    const uint64_t files = open_file(path);
    if (load_page(files, path, 0, buffer) < sizeof(struct elf_header)) {
        die("the file is too short", path);
    }
    const struct elf_header header = *(const struct elf_header *)buffer;
    if (memcmp(header.ident, "\x7f" "ELF\x02", 5) != 0) {
        die("this is no 64-bit ELF file", path);
    }
    uint64_t cached = 0;
    for (unsigned i = 0; i < header.header_count; i++) {
        struct program_header segment;
        const uint64_t at = header.headers_offset + (uint64_t)i * header.header_size;
        if ((at & (PAGE - 1)) + sizeof segment > PAGE) {
            die("a program header crosses a page", path);
        }
        if (at / PAGE != cached) {
            cached = at / PAGE;
            load_page(files, path, cached * PAGE, buffer);
        }
        memcpy(&segment, buffer + (at & (PAGE - 1)), sizeof segment);
        if (segment.type == PT_LOAD) {
            load_segment(files, path, &segment);
        }
    }
    anos_unmap_virtual(PAGE, (uintptr_t)buffer);
    anos_unmap_virtual((uint64_t)(_data_end - _data_start), (uintptr_t)_data_start);
    anos_unmap_virtual((uint64_t)(_bss_end - _bss_start), (uintptr_t)_bss_start);
    enter_program(initial_sp, header.entry);
}
