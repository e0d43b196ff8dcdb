/*
 * What must go of the engines' TLBs when page tables change: nothing, one page, or all.
 *
 * Unicorn's interface drops all of a TLB, and what is looked up in vain afterwards costs far more
 * than the flush itself. QEMU, which is inside it, can drop a page, as INVLPG and SFENCE.VMA do;
 * it wants to be told its own CPU, whose place in the engine is known of one version of Unicorn.
 * Where that is not the one, or does not export the function, all goes.
 */
#include "arch/arch.h"

/* Of Unicorn 2.1.4: where the engine has its CPU, and where that names the engine again. */
enum { VERSION = 2 << 24 | 1 << 16 | 4 << 8 };
enum { CPU_IN_ENGINE = 0x1b8, ENGINE_IN_CPU = 0x81a8 };

void find_inner_cpu(struct engine *engine)
{
    const char *const uc = (const char *)engine->uc;
    engine->inner = NULL;
    if (engine->cpu->arch->flush_page && (uc_version(NULL, NULL) & 0xffffff00) == VERSION) {
        char *const inner = *(char *const *)(uc + CPU_IN_ENGINE);
        if (*(const char *const *)(inner + ENGINE_IN_CPU) == uc) {
            engine->inner = inner;
        }
    }
}

/*
 * Entries of the address space `flush_root` have changed, those of the page `flush_page` or any:
 * who may hold them in a TLB drops them before it runs.
 */
EXPORT void board_flush(struct board *board)
{
    const uint64_t root = board->flush_root, page = board->flush_page;
    const uint64_t what = page == EVERY_PAGE ? EVERY_PAGE : page | ONE_PAGE;
    for (unsigned i = 0; i < ENGINES_MAX; i++) {
        const struct engine *engine = board->engines[i];
        if (engine && engine->cpu->roots[engine->slot] == root) {
            uint64_t *const flush = &engine->cpu->flush[engine->slot];
            *flush = *flush == 0 || *flush == what ? what : EVERY_PAGE;
        }
    }
}

/* Exits belong to one address space, as it is now: they come back when their page is fetched again.
 */
void flush_tlb(struct vcpu *cpu)
{
    if (cpu->engine->exit_count) {
        cpu->engine->exit_count = 0;
        uc_ctl_set_exits(cpu->engine->uc, cpu->engine->exits, 0);
    }
    uc_ctl_flush_tlb(cpu->engine->uc);
    cpu->flush[cpu->engine->slot] = 0;
}

/* Drop what must go, of the engine that is about to run. */
void flush_stale(struct vcpu *cpu)
{
    const struct engine *const engine = cpu->engine;
    const uint64_t what = cpu->flush[engine->slot];
    if (what == EVERY_PAGE || !engine->inner || engine->exit_count) {
        flush_tlb(cpu);
    } else {
        cpu->arch->flush_page(engine->inner, what & ~(uint64_t)ONE_PAGE);
        cpu->flush[engine->slot] = 0;
    }
}
