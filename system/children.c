/*
 * Children, and the end of each. The kernel signals a bit of one notification
 * object when a child ends: slot i of the table has bit i % 64. Whoever hears a
 * bit looks at the slots that share it. The table only grows, to as many slots
 * as there were children at one time.
 */
#include "children.h"

#include "service.h"
#include "supervisor.h"

#include <anos/abi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64

struct child {
    uint64_t process; /* a capability; 0 in a slot that is free */
    struct process_entry entry;
};

static struct {
    pthread_mutex_t lock;
    uint64_t ends; /* the notification object */
    struct child *slots;
    unsigned slot_count;
    unsigned free_hint; /* no slot below it is free */
    struct process_entry ended[PROCESS_ENDED_MAX]; /* a ring; pid 0: none yet */
    unsigned next_ended;
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

void children_add(uint64_t process, uint64_t pid, const struct start_values *values)
{
    struct process_entry entry = { .pid = pid, .started_ns = anos_clock(ANOS_CLOCK_UPTIME).value };
    strlcpy(entry.path, values->strings, sizeof entry.path);
    for (unsigned i = 0; i < values->capability_count; i++) {
        const struct capability_pair *const pair = &values->capabilities[i];
        if (pair->cookie != 0 && pair->id < ANOS_CAPABILITY_SLOTS) {
            entry.slots[pair->id / 64] |= UINT64_C(1) << pair->id % 64;
        }
    }
    pthread_mutex_lock(&children.lock);
    struct child *const child = find_free();
    if (child != NULL) {
        *child = (struct child){ .process = process, .entry = entry };
        const unsigned slot = (unsigned)(child - children.slots);
        anos_watch_process(process, children.ends, bit_of(slot)); /* at once, if it has ended */
    }
    pthread_mutex_unlock(&children.lock);
    if (child == NULL) {
        anos_drop(process);
    }
}

/* See how far a child is; true if it has ended. */
static bool has_ended(struct child *child)
{
    const struct anos_result status = anos_process_status(child->process);
    child->entry.end = status.type == ANOS_OK ? (uint32_t)(status.value >> 32) : ANOS_END_KILLED;
    child->entry.status = status.type == ANOS_OK ? (uint32_t)status.value : 0;
    return child->entry.end != ANOS_END_ALIVE;
}

/* Give up the first child, from slot `*slot` on, that has ended; false if there is none. */
static bool give_up(uint64_t bits, unsigned *slot, struct process_entry *ended)
{
    bool found = false;
    pthread_mutex_lock(&children.lock);
    for (; !found && *slot < children.slot_count; ++*slot) {
        struct child *const child = &children.slots[*slot];
        if (bits & bit_of(*slot) && child->process != 0 && has_ended(child)) {
            *ended = child->entry;
            children.ended[children.next_ended++ % PROCESS_ENDED_MAX] = child->entry;
            anos_drop(child->process);
            *child = (struct child){ 0 };
            children.free_hint = *slot < children.free_hint ? *slot : children.free_hint;
            found = true;
        }
    }
    pthread_mutex_unlock(&children.lock);
    return found;
}

/* Is an entry nearer above `pid` than the one found so far? */
static void consider(const struct process_entry *entry, uint64_t pid, struct process_entry *found)
{
    if (entry->pid >= pid && entry->pid != 0 && (found->pid == 0 || entry->pid < found->pid)) {
        *found = *entry;
    }
}

bool children_find(uint64_t pid, struct process_entry *entry)
{
    *entry = (struct process_entry){ 0 };
    pthread_mutex_lock(&children.lock);
    for (unsigned i = 0; i < children.slot_count; i++) {
        if (children.slots[i].process != 0) {
            consider(&children.slots[i].entry, pid, entry);
        }
    }
    for (unsigned i = 0; i < children.slot_count; i++) {
        struct child *const child = &children.slots[i];
        if (child->process != 0 && child->entry.pid == entry->pid) {
            has_ended(child); /* it may have, a moment ago */
            *entry = child->entry;
        }
    }
    for (unsigned i = 0; i < PROCESS_ENDED_MAX; i++) {
        consider(&children.ended[i], pid, entry);
    }
    pthread_mutex_unlock(&children.lock);
    return entry->pid != 0;
}

bool children_own(uint64_t process)
{
    bool found = false;
    pthread_mutex_lock(&children.lock);
    for (unsigned i = 0; i < children.slot_count; i++) {
        found |= children.slots[i].process == process;
    }
    pthread_mutex_unlock(&children.lock);
    return found;
}

bool children_kill(uint64_t pid)
{
    bool killed = false;
    pthread_mutex_lock(&children.lock);
    for (unsigned i = 0; i < children.slot_count && !killed; i++) {
        const struct child *const child = &children.slots[i];
        killed = child->process != 0 && child->entry.pid == pid &&
                 anos_kill_process(child->process).type == ANOS_OK;
    }
    pthread_mutex_unlock(&children.lock);
    return killed;
}

void children_look(void)
{
    anos_signal(children.ends, bit_of(0));
}

void *children_reap(void *unused)
{
    (void)unused;
    service_own_stack();
    for (;;) {
        const struct anos_result heard =
            anos_wait(children.ends, UINT64_MAX, supervisor_pause());
        if (heard.type != ANOS_OK && heard.type != ANOS_TIMED_OUT) {
            return NULL;
        }
        struct process_entry ended;
        for (unsigned slot = 0; heard.type == ANOS_OK && give_up(heard.value, &slot, &ended);) {
            supervisor_hear(&ended);
        }
        supervisor_act();
    }
}
