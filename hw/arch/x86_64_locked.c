/*
 * LOCK BT* with a register operand would abort the host inside the translator.
 *
 * Code is searched for it when a frame first runs; where the bytes are, the
 * translator stops before it decodes them (an exit of the engine), and only a
 * program that really gets there ends. What the search misses (an instruction
 * across a page boundary, one written while running, one at a page's first byte)
 * ends in the signal guard. docs/decisions/0002.
 */
#include <string.h>

#include "arch.h"

static bool is_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
           (byte >= 0x40 && byte <= 0x4f) || (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 ||
           byte == 0xf2 || byte == 0xf3;
}

/* Is there a LOCK BT/BTS/BTR/BTC with a register operand at `at`, all of it before `end`? */
static bool is_locked_bit_test(const uint8_t *at, const uint8_t *end)
{
    bool locked = false;
    while (at < end && is_prefix(*at)) {
        locked |= *at++ == 0xf0;
    }
    if (!locked || end - at < 3 || at[0] != 0x0f || at[2] < 0xc0) {
        return false;
    }
    return at[1] == 0xa3 || at[1] == 0xab || at[1] == 0xb3 || at[1] == 0xbb ||
           (at[1] == 0xba && at[2] >= 0xe0);
}

/* Make the translator stop at every such instruction of the page. True if the list changed. */
bool set_exits_x86_64(struct vcpu *cpu, uint64_t page, uint64_t frame)
{
    const uint8_t *bytes = cpu->board->ram + (frame << FRAME_SHIFT), *end = bytes + FRAME_BYTES;
    bool changed = false;
    unsigned found = 0;
    for (const uint8_t *at = bytes; (at = memchr(at, 0xf0, end - at)) && found < SUSPECTS_MAX;
         at++) {
        if (!is_locked_bit_test(at, end)) {
            continue;
        }
        /* Not at a page's first byte: the engine looks up the byte before each exit. The guard has
         * those. */
        for (const uint8_t *start = at; start > bytes && is_prefix(*start) && found < SUSPECTS_MAX;
             start--, found++) {
            const uint64_t address = page + (start - bytes);
            bool known = false;
            for (uint64_t i = 0; i < cpu->engine->exit_count; i++) {
                known |= cpu->engine->exits[i] == address;
            }
            if (known) {
                continue;
            }
            if (cpu->engine->exit_count == EXITS_MAX) {
                cpu->engine->exit_count = 0;
            }
            cpu->engine->exits[cpu->engine->exit_count++] = address;
            changed = true;
        }
    }
    return changed;
}

bool is_suspect_x86_64(const struct vcpu *cpu, uint64_t frame)
{
    const uint8_t *bytes = cpu->board->ram + (frame << FRAME_SHIFT), *end = bytes + FRAME_BYTES;
    for (const uint8_t *at = bytes; (at = memchr(at, 0xf0, end - at)); at++) {
        if (is_locked_bit_test(at, end)) {
            return true;
        }
    }
    return false;
}

/* A program that was told to stop at its own code: is it the instruction we fear? */
bool is_at_locked_bit_test(struct vcpu *cpu)
{
    uint64_t frame, *leaf;
    if (!x86_64.walk(cpu, cpu->pc & ~(uint64_t)(FRAME_BYTES - 1), &frame, &leaf) ||
        !is_memory(cpu->board, frame)) {
        return false;
    }
    const uint8_t *page = cpu->board->ram + (frame << FRAME_SHIFT);
    return is_locked_bit_test(page + (cpu->pc & (FRAME_BYTES - 1)), page + FRAME_BYTES);
}
