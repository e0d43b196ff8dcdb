/*
 * Children, and the end of each. The kernel signals a bit of one notification
 * object when a child ends: slot i of the table has bit i % 64. Whoever hears a
 * bit looks at the slots that share it. The table only grows, to as many slots
 * as there were children at one time.
 */
#include "children.h"

#include <anos/abi.h>
#include <pthread.h>
#include <stdlib.h>

#define SLOTS_FIRST 64

struct child {
    uint64_t process; /* a capability; 0 in a slot that is free */
    uint64_t pid;
};

static struct {
    pthread_mutex_t lock;
    uint64_t ends; /* the notification object */
    struct child *slots;
    unsigned slot_count;
    unsigned free_hint; /* no slot below it is free */
} children = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool children_begin(void)
{
    const struct anos_result made = anos_create_notification();
    children.ends = made.value;
    return made.type == ANOS_OK;
}

/* Twice as many slots, or no more. */
static void grow(void)
{
    const unsigned count = children.slot_count > 0 ? 2 * children.slot_count : SLOTS_FIRST;
    struct child *const slots = realloc(children.slots, count * sizeof *slots);
    if (slots != NULL) {
        for (unsigned i = children.slot_count; i < count; i++) {
            slots[i] = (struct child){ 0 };
        }
        children.slots = slots;
        children.slot_count = count;
    }
}

/* The first free slot; NULL without memory. */
static struct child *find_free(void)
{
    for (unsigned i = children.free_hint; i < children.slot_count; i++) {
        if (children.slots[i].process == 0) {
            children.free_hint = i + 1;
            return &children.slots[i];
        }
    }
    const unsigned before = children.slot_count;
    grow();
    children.free_hint = before < children.slot_count ? before + 1 : before;
    return before < children.slot_count ? &children.slots[before] : NULL;
}

static uint64_t bit_of(unsigned slot)
{
    return UINT64_C(1) << slot % ANOS_NOTIFICATION_BITS;
}

void children_add(uint64_t process, uint64_t pid)
{
    pthread_mutex_lock(&children.lock);
    struct child *const child = find_free();
    if (child != NULL) {
        *child = (struct child){ .process = process, .pid = pid };
        const unsigned slot = (unsigned)(child - children.slots);
        anos_watch_process(process, children.ends, bit_of(slot)); /* at once, if it has ended */
    }
    pthread_mutex_unlock(&children.lock);
    if (child == NULL) {
        anos_drop(process);
    }
}

static bool has_ended(uint64_t process)
{
    const struct anos_result status = anos_process_status(process);
    return status.type != ANOS_OK || status.value >> 32 != ANOS_END_ALIVE;
}

static void give_up(uint64_t bits)
{
    pthread_mutex_lock(&children.lock);
    for (unsigned i = 0; i < children.slot_count; i++) {
        struct child *const child = &children.slots[i];
        if (bits & bit_of(i) && child->process != 0 && has_ended(child->process)) {
            anos_drop(child->process);
            *child = (struct child){ 0 };
            children.free_hint = i < children.free_hint ? i : children.free_hint;
        }
    }
    pthread_mutex_unlock(&children.lock);
}

void *children_reap(void *unused)
{
    (void)unused;
    for (;;) {
        const struct anos_result ended = anos_wait(children.ends, UINT64_MAX, 0);
        if (ended.type != ANOS_OK) {
            return NULL;
        }
        give_up(ended.value);
    }
}
