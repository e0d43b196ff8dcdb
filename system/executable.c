/* ELF64 files (System V ABI, 4 and 5), as strict as mapping their pages needs. */
#include "executable.h"

#include "pages.h"

#include <anos/abi.h>
#include <anos/machine.h>
#include <elf.h>
#include <string.h>

static const char *check_header(const Elf64_Ehdr *header, size_t bytes)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        return "it is no ELF file";
    }
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT) {
        return "it is no 64-bit little-endian ELF file";
    }
    if (header->e_machine != ANOS_ELF_MACHINE) {
        return "it is for another machine";
    }
    if (header->e_type != ET_EXEC) {
        return "it is not linked to run where it lies";
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > bytes ||
        header->e_phnum > (bytes - header->e_phoff) / sizeof(Elf64_Phdr)) {
        return "its program headers are not in the file";
    }
    return NULL;
}

static const char *check_segment(const Elf64_Phdr *header, size_t bytes)
{
    if (header->p_filesz > header->p_memsz || header->p_offset > bytes ||
        header->p_filesz > bytes - header->p_offset) {
        return "a segment is not in the file";
    }
    if (header->p_offset % ANOS_PAGE_BYTES != 0 || header->p_vaddr % ANOS_PAGE_BYTES != 0) {
        return "a segment does not start on a page";
    }
    if (header->p_vaddr < ANOS_PAGE_BYTES || header->p_vaddr >= ANOS_USER_END ||
        header->p_memsz > ANOS_USER_END - header->p_vaddr) {
        return "a segment is outside user memory";
    }
    return NULL;
}

static uint64_t segment_end(const struct segment *segment)
{
    return segment->address + pages_round_up(segment->memory_bytes);
}

/* Is the range free of segments so far and of the stack? */
static bool fits(const struct executable *executable, const struct segment *segment,
                 uint64_t stack_bytes)
{
    const unsigned count = executable->segment_count;
    const uint64_t stack_guard = ANOS_STACK_TOP - stack_bytes - ANOS_PAGE_BYTES;
    if (count > 0 && segment->address < segment_end(&executable->segments[count - 1])) {
        return false;
    }
    return segment->address >= ANOS_STACK_TOP || segment_end(segment) <= stack_guard;
}

static uint64_t map_flags(uint32_t segment_flags)
{
    return (segment_flags & PF_R ? ANOS_MAP_READ : 0) |
           (segment_flags & PF_W ? ANOS_MAP_WRITE : 0) | (segment_flags & PF_X ? ANOS_MAP_EXEC : 0);
}

static bool entry_is_code(const struct executable *executable)
{
    for (unsigned i = 0; i < executable->segment_count; i++) {
        const struct segment *const segment = &executable->segments[i];
        if (segment->flags & ANOS_MAP_EXEC && executable->entry >= segment->address &&
            executable->entry - segment->address < segment->memory_bytes) {
            return true;
        }
    }
    return false;
}

const char *executable_read(struct executable *executable, const uint8_t *data, size_t bytes,
                            uint64_t stack_bytes)
{
    Elf64_Ehdr header;
    if (bytes < sizeof header) {
        return "it is too short for a program";
    }
    memcpy(&header, data, sizeof header);
    const char *wrong = check_header(&header, bytes);
    if (wrong != NULL) {
        return wrong;
    }
    executable->entry = header.e_entry;
    executable->segment_count = 0;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr loaded;
        memcpy(&loaded, data + header.e_phoff + i * sizeof loaded, sizeof loaded);
        if (loaded.p_type == PT_INTERP) {
            return "it needs a dynamic linker";
        }
        if (loaded.p_type != PT_LOAD || loaded.p_memsz == 0) {
            continue;
        }
        wrong = check_segment(&loaded, bytes);
        if (wrong != NULL) {
            return wrong;
        }
        const struct segment segment = {
            .address = loaded.p_vaddr,
            .offset = loaded.p_offset,
            .file_bytes = loaded.p_filesz,
            .memory_bytes = loaded.p_memsz,
            .flags = map_flags(loaded.p_flags),
        };
        if (executable->segment_count == SEGMENTS_MAX) {
            return "it has too many segments";
        }
        if (!fits(executable, &segment, stack_bytes)) {
            return "its segments overlap each other or the stack";
        }
        executable->segments[executable->segment_count++] = segment;
    }
    return entry_is_code(executable) ? NULL : "its entry is not in its code";
}
