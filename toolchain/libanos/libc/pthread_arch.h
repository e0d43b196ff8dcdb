/*
 * musl's thread pointer, found from the stack pointer.
 *
 * STAGE3 saves no FS base and its programs must not change tp, so a thread is
 * told by its stack: one made by pthread_create fills an aligned 8 MiB slot in
 * [0x1800000000, 0x2000000000) whose lowest word is its thread pointer. Any
 * other stack counts as the first thread's. The bounds are internal.h's.
 */
extern __attribute__((__visibility__("hidden"))) uintptr_t __anos_main_thread_pointer;

static inline __attribute__((__always_inline__)) uintptr_t __get_tp(void)
{
    uintptr_t sp;
#if defined(__x86_64__)
    __asm__ __volatile__("mov %%rsp,%0" : "=r"(sp));
#else
    __asm__ __volatile__("mv %0,sp" : "=r"(sp));
#endif
    if (sp - 0x1800000000 >= 0x800000000) {
        return __anos_main_thread_pointer;
    }
    return *(uintptr_t *)(sp & -(uintptr_t)0x800000);
}

#if defined(__x86_64__)
#define MC_PC gregs[REG_RIP]
#else
#define TLS_ABOVE_TP
#define GAP_ABOVE_TP 0
#define DTP_OFFSET 0x800
#define MC_PC __gregs[0]
#endif
