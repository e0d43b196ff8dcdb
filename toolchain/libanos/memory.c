/*
 * Memory for malloc and for thread stacks: AUTOMAP regions in our window.
 *
 * First fit over a table of holes below `top`. One unused page follows every
 * region, because the kernel merges adjacent regions and could then no longer
 * destroy the second by its start (anos-abi 1.8, id 18).
 *
 * Memory that is asked for without any access, as pthread_create does for a
 * stack and its guard, gets a slot in which nothing is mapped until mprotect
 * says so. Other memory is protected if the program holds the call PROTECT.
 */
#include "internal.h"

#include <anos/abi.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>

#define GAP_BYTES ANOS_PAGE_BYTES
#define HOLES_MAX 256 /* a hole that does not fit into the table is lost, not its memory */
#define SLOT_BYTES_MAX (SLOT_BYTES - 2 * ANOS_PAGE_BYTES)

static struct {
    uintptr_t begin, end;
} holes[HOLES_MAX];
static int hole_count;
static uintptr_t top = WINDOW_BEGIN;
static int table_lock;

static void lock(void)
{
    while (__atomic_exchange_n(&table_lock, 1, __ATOMIC_ACQUIRE)) {
        anos_task_sleep_current(1);
    }
}

static void unlock(void)
{
    __atomic_store_n(&table_lock, 0, __ATOMIC_RELEASE);
}

static bool create_region(uintptr_t begin, size_t bytes)
{
    return anos_create_region(begin, begin + bytes, ANOS_REGION_AUTOMAP).type == ANOS_OK;
}

static size_t round_up(size_t bytes)
{
    return (bytes + ANOS_PAGE_BYTES - 1) & -(size_t)ANOS_PAGE_BYTES;
}

/* The lowest `bytes` free addresses, or 0. */
static uintptr_t take_range(size_t bytes)
{
    for (int i = 0; i < hole_count; i++) {
        if (holes[i].end - holes[i].begin >= bytes) {
            const uintptr_t begin = holes[i].begin;
            holes[i].begin += bytes;
            if (holes[i].begin == holes[i].end) {
                holes[i] = holes[--hole_count];
            }
            return begin;
        }
    }
    if (bytes > WINDOW_END - top) {
        return 0;
    }
    top += bytes;
    return top - bytes;
}

/* Join [begin, end) with the holes around it, or with what lies above `top`. */
static void return_range(uintptr_t begin, uintptr_t end)
{
    for (int i = 0; i < hole_count;) {
        if (holes[i].end == begin || holes[i].begin == end) {
            begin = holes[i].begin < begin ? holes[i].begin : begin;
            end = holes[i].end > end ? holes[i].end : end;
            holes[i] = holes[--hole_count];
            i = 0;
        } else {
            i++;
        }
    }
    if (end == top) {
        top = begin;
    } else if (hole_count < HOLES_MAX) {
        holes[hole_count].begin = begin;
        holes[hole_count++].end = end;
    }
}

/*
 * A slot; its first page, with the thread's pointer, is there, the rest is not
 * yet. The last page of every slot stays free.
 */
static long map_slot(void)
{
    static uintptr_t next_slot = SLOTS_BEGIN;

    const uintptr_t slot = __atomic_fetch_add(&next_slot, SLOT_BYTES, __ATOMIC_RELAXED);
    if (slot >= SLOTS_END || !create_region(slot, ANOS_PAGE_BYTES)) {
        return -ENOMEM;
    }
    return (long)(slot + ANOS_PAGE_BYTES);
}

/* Is it memory in a slot, for a stack or its guard? */
static bool is_in_slot(uintptr_t address, size_t bytes)
{
    return address >= SLOTS_BEGIN && address < SLOTS_END &&
           address % SLOT_BYTES >= ANOS_PAGE_BYTES && bytes <= SLOT_BYTES_MAX &&
           address % SLOT_BYTES + bytes <= SLOT_BYTES - ANOS_PAGE_BYTES;
}

static uint64_t map_flags(int protection)
{
    return (protection & PROT_READ ? ANOS_MAP_READ : 0) |
           (protection & PROT_WRITE ? ANOS_MAP_READ | ANOS_MAP_WRITE : 0) |
           (protection & PROT_EXEC ? ANOS_MAP_READ | ANOS_MAP_EXEC : 0);
}

/* Without the capability to protect, memory stays as it is, and that is success. */
HIDDEN long __anos_mprotect(unsigned long address, unsigned long bytes, int protection)
{
    if (address % ANOS_PAGE_BYTES != 0) {
        return -EINVAL;
    }
    if (bytes == 0) {
        return 0;
    }
    const size_t whole_bytes = round_up(bytes);
    if (protection != PROT_NONE && is_in_slot(address, whole_bytes) &&
        !create_region(address, whole_bytes)) {
        return -ENOMEM;
    }
    switch (anos_protect(whole_bytes, address, map_flags(protection)).type) {
    case ANOS_OK:
    case ANOS_INCAPABLE:
        return 0;
    case ANOS_FAILURE:
        return -EACCES;
    default:
        return -EINVAL;
    }
}

HIDDEN long __anos_mmap(unsigned long hint, unsigned long bytes, int protection, int flags,
                        int file)
{
    if (flags & MAP_FIXED) {
        return (long)hint; /* only the allocator's guard page asks, inside its own memory */
    }
    if (!(flags & MAP_ANON) || file != -1) {
        return -ENODEV;
    }
    if (bytes == 0 || bytes > WINDOW_END - WINDOW_BEGIN) {
        return -ENOMEM;
    }
    if (protection == PROT_NONE && bytes <= SLOT_BYTES_MAX) {
        return map_slot();
    }
    const size_t region_bytes = round_up(bytes);
    lock();
    const uintptr_t begin = take_range(region_bytes + GAP_BYTES);
    unlock();
    if (begin == 0) {
        return -ENOMEM;
    }
    if (!create_region(begin, region_bytes)) {
        lock();
        return_range(begin, begin + region_bytes + GAP_BYTES);
        unlock();
        return -ENOMEM;
    }
    return (long)begin;
}

/* Without the capabilities to unmap, the memory is simply kept. */
HIDDEN long __anos_munmap(unsigned long address, unsigned long bytes)
{
    if (address < WINDOW_BEGIN || address >= WINDOW_END) {
        return 0;
    }
    const size_t region_bytes = round_up(bytes);
    if (anos_destroy_region(address).type != ANOS_OK ||
        anos_unmap_virtual(region_bytes, address).type != ANOS_OK) {
        return 0;
    }
    lock();
    return_range(address, address + region_bytes + GAP_BYTES);
    unlock();
    return 0;
}
