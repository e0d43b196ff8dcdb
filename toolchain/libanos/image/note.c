/* The ELF note by which SYSTEM's image asks for the calls from 64 on. */
#include <anos/abi.h>

__attribute__((section(".note.anos-sim"), used, aligned(4))) static const struct {
    uint32_t name_bytes, description_bytes, type;
    char name[12];
    uint32_t highest_call;
} note = {
    .name_bytes = sizeof ANOS_NOTE_NAME,
    .description_bytes = sizeof(uint32_t),
    .type = ANOS_NOTE_TYPE,
    .name = ANOS_NOTE_NAME,
    .highest_call = ANOS_LAST_SLOT,
};
