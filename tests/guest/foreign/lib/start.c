/*
 * What crt0 calls around main (anos-abi 2 and 10), and the heap: a region that
 * grows from 0x40000 above .bss. Without the capability for regions there is
 * none, and malloc answers NULL.
 */
#include "anos.h"
#include "libc.h"

typedef void (*function)(void);
extern function __init_array_start[], __init_array_end[], __fini_array_start[], __fini_array_end[];
extern char _bss_end[];

uint64_t __syscall_capabilities[128];
uint64_t __initial_stack[5];

void start_capabilities(uint64_t count, const struct capability *pairs);
void start_constructors(void);
void start_destructors(void);

/* Only the first 128 bytes are cleared: the array is in .bss anyway. */
void start_capabilities(uint64_t count, const struct capability *pairs)
{
    memset(__syscall_capabilities, 0, 128);
    for (uint64_t i = 0; i < count; i++) {
        __syscall_capabilities[pairs[i].id] = pairs[i].cookie;
    }
}

void start_constructors(void)
{
    for (function *each = __init_array_start; each < __init_array_end; each++) {
        (*each)();
    }
}

void start_destructors(void)
{
    for (function *each = __fini_array_start; each < __fini_array_end; each++) {
        (*each)();
    }
}

static uintptr_t heap_break, heap_free;

static bool sbrk(uint64_t size)
{
    const uintptr_t old = heap_break;
    const uintptr_t floor = old & -(uintptr_t)PAGE;
    const uintptr_t end = (old + size + PAGE - 1) & -(uintptr_t)PAGE;
    if (anos_create_region(floor, end, AUTOMAP).type != OK) {
        return false;
    }
    heap_break = old + size;
    return true;
}

/* Nothing is ever given back: these programs keep what they allocate. */
void *malloc(size_t size)
{
    if (heap_break == 0) {
        heap_break = heap_free = (uintptr_t)_bss_end + 0x40000;
    }
    size = (size + 15) & -(size_t)16;
    if (heap_free + size > heap_break) {
        const uint64_t more = (heap_free + size - heap_break + PAGE - 1) & -(uint64_t)PAGE;
        if (!sbrk(more)) {
            return NULL;
        }
    }
    heap_free += size;
    return (void *)(heap_free - size);
}
