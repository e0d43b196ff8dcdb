/*
 * Children that are built from outside, so that their parent has a capability
 * to each. They get a copy of our memory and all our calls, as those of
 * start_child do.
 */
#ifndef BUILD_H
#define BUILD_H

#include "check.h"

/* An object of ours as the child knows it; any other number is passed on as it is. */
UNUSED uint64_t given(uint64_t process, uint64_t word)
{
    const result there = anos_give(process, word, 0);
    return there.type == ANOS_OK ? there.value : word;
}

/* Build a child that will run `body` with two arguments; 0 if it could not be. */
UNUSED uint64_t build_child(const char *name, void (*body)(const uint64_t *arguments), uint64_t a,
                            uint64_t b)
{
    static uint64_t image[PAGE / 8] __attribute__((aligned(PAGE)));
    const uint64_t text = ANOS_PROGRAM_BASE, read_write = ANOS_MAP_READ | ANOS_MAP_WRITE;
    const uint64_t process = anos_build_process(ANOS_CLASS_NORMAL).value;
    const uint64_t arguments[CHILD_ARGUMENTS] = {given(process, a), given(process, b)};
    const struct anos_process_params params = child_params(name, body, arguments, NULL);
    struct child_stack *const stack = (struct child_stack *)child_values;
    for (uint64_t i = 0; i < stack->capability_count; i++) {
        stack->pairs[2 * i + 1] = given(process, stack->pairs[2 * i + 1]);
    }
    const uint64_t bytes = params.stack_value_count * sizeof(uint64_t);
    memcpy((char *)image + PAGE - bytes, child_values, bytes);
    anos_map_into(process, text, text, MIB, ANOS_MAP_READ | ANOS_MAP_EXEC);
    anos_map_into(process, child_regions[1].start, child_regions[1].start, child_regions[1].bytes,
                  read_write);
    anos_map_into(process, 0, child_stack_top - 4 * PAGE, 3 * PAGE, read_write);
    anos_map_into(process, (uint64_t)image, child_stack_top - PAGE, PAGE, read_write);
    const result started =
        anos_start_process(process, (uint64_t)child_entry, child_stack_top - bytes);
    return started.type == ANOS_OK ? process : 0;
}

#endif
