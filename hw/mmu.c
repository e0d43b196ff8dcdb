/*
 * The MMU, and the rule that a frame is code or data, never both at once.
 *
 * fill() walks page tables in guest RAM for Unicorn's software TLB. For
 * each frame and engine three bits say what the engine may hold of it: X current
 * translations, S stale and unreachable ones, W writable TLB entries. Always:
 *   - if an engine holds a live W entry of a frame, X is empty or only that
 *     engine's, and its entry is executable too, which makes stores slow and exact;
 *   - translations that can be reached are current.
 */
#include "arch/arch.h"

static void mark_flush(struct board *board, unsigned engines)
{
    for (; engines; engines &= engines - 1) {
        const struct engine *engine = board->engines[__builtin_ctz(engines)];
        engine->cpu->flush[engine->slot] = EVERY_PAGE;
    }
}

/* Someone other than a vCPU stored into frames: their translations are stale now. */
EXPORT void board_stored(struct board *board, uint64_t first, uint64_t count)
{
    for (uint64_t f = first; f < first + count && f < board->frame_count; f++) {
        struct frame *frame = &board->frames[f];
        const unsigned engines = frame->executable;
        if (!engines) {
            continue;
        }
        frame->stale |= engines;
        frame->executable = 0;
        mark_flush(board, engines);
        if (board->running && (engines & board->running->bit)) {
            kick(board->running->cpu);
        }
    }
}

/* Drop an engine's translations of one frame, whatever is mapped now. Flushes its TLB. */
void invalidate(struct vcpu *cpu, uint64_t frame)
{
    cpu->identity = 1;
    uc_ctl_flush_tlb(cpu->engine->uc);
    uc_ctl_remove_cache(cpu->engine->uc, frame << FRAME_SHIFT, (frame + 1) << FRAME_SHIFT);
    cpu->identity = 0;
    uc_ctl_flush_tlb(cpu->engine->uc);
    cpu->board->invalidations++;
}

static bool is_suspect(const struct vcpu *cpu, uint64_t frame)
{
    return cpu->arch->is_suspect && cpu->arch->is_suspect(cpu, frame);
}

/*
 * Walk the page tables, or remember where the walk ended the last time: tables stay where they
 * are as long as a thread of theirs, so its leaves do. What an upper level forbids is not kept.
 */
static int find(const struct vcpu *cpu, uint64_t page, uint64_t *frame, uint64_t **leaf)
{
    const uint64_t slot = (page >> FRAME_SHIFT) % WALKED_MAX, name = page | 1;
    struct thread *const thread = cpu->thread;
    if (thread->walked[slot].page == name) {
        *leaf = thread->walked[slot].leaf;
        return cpu->arch->translate(**leaf, frame);
    }
    const int permissions = cpu->arch->walk(cpu, page, frame, leaf);
    if (permissions && permissions == cpu->arch->translate(**leaf, frame)) {
        thread->walked[slot].page = name;
        thread->walked[slot].leaf = *leaf;
    }
    return permissions;
}

/* Ask the run loop to change a frame's use on this engine and to start again. */
static bool flip(struct vcpu *cpu, uint64_t page, uint64_t frame, uc_mem_type access)
{
    if (cpu->trap == NONE || cpu->trap == BUDGET) {
        cpu->trap = FLIP;
        cpu->flip_frame = frame;
        cpu->fault_page = page;
        cpu->fault_access = access;
    }
    return false;
}

bool fill(uc_engine *engine, uint64_t page, uc_mem_type access, uc_tlb_entry *entry, void *data)
{
    (void)engine;
    struct vcpu *cpu = data;
    struct board *board = cpu->board;
    uint64_t number;
    cpu->fills++;
    if (cpu->identity) {
        entry->paddr = page;
        entry->perms = UC_PROT_ALL;
        return true;
    }
    const int wanted = access == UC_MEM_WRITE   ? UC_PROT_WRITE
                       : access == UC_MEM_FETCH ? UC_PROT_EXEC
                                                : UC_PROT_READ;
    uint64_t *leaf;
    int permissions = find(cpu, page, &number, &leaf);
    const bool memory = permissions && is_memory(board, number);
    if (!(permissions & wanted) || (access == UC_MEM_FETCH && !memory)) {
        if (cpu->trap == NONE || cpu->trap == BUDGET) {
            cpu->trap = PAGE_FAULT;
            cpu->fault_page = page;
            cpu->fault_access = access;
        }
        return false;
    }
    /* An entry without it is in no TLB: the kernel may change it without a flush. */
    *leaf |= cpu->arch->accessed;
    entry->paddr = number << FRAME_SHIFT;
    if (!memory) {
        entry->perms = permissions & ~UC_PROT_EXEC;
        return true;
    }

    struct frame *frame = &board->frames[number];
    const unsigned me = cpu->engine->bit;
    if (access == UC_MEM_FETCH) {
        if (!(frame->executable & me)) {
            mark_flush(board, frame->writable & ~me);
            frame->writable &= me;
            if (((frame->writable | frame->stale) & me) || is_suspect(cpu, number)) {
                return flip(cpu, page, number, access);
            }
            frame->executable |= me;
        } else if (board->suspects && is_suspect(cpu, number) &&
                   cpu->arch->set_exits(cpu, page, number)) {
            return flip(cpu, page, number, access);
        }
        permissions &= ~UC_PROT_WRITE;
    } else if (access == UC_MEM_WRITE) {
        const unsigned others = frame->executable & ~me;
        frame->stale |= others;
        frame->executable &= me;
        mark_flush(board, others);
        if (!(frame->executable & me)) {
            permissions &= ~UC_PROT_EXEC;
        } else if (!(permissions & UC_PROT_EXEC) && !(frame->slow & me)) {
            return flip(cpu, page, number, access);
        }
        frame->writable |= me;
    } else if (frame->executable & me) {
        permissions &= ~UC_PROT_WRITE;
    } else {
        permissions &= ~UC_PROT_EXEC;
        if (frame->executable) {
            permissions &= ~UC_PROT_WRITE;
        } else if (permissions & UC_PROT_WRITE) {
            frame->writable |= me;
        }
    }
    entry->perms = permissions;
    return true;
}

/* Carry out a flip that fill() asked for. `last_*` recognise an instruction that stores into its
 * own frame. */
void do_flip(struct vcpu *cpu, uint64_t last[3])
{
    struct frame *frame = &cpu->board->frames[cpu->flip_frame];
    const unsigned me = cpu->engine->bit;
    cpu->board->flips++;
    if (cpu->fault_access == UC_MEM_WRITE) {
        if (cpu->block) {
            cpu->now -= (cpu->block + cpu->block_bytes - cpu->pc) * cpu->per_byte;
        }
        if (cpu->pc == last[0] && cpu->flip_frame == last[1] && cpu->now == last[2]) {
            uc_hook hook;
            const uint64_t address = cpu->flip_frame << FRAME_SHIFT;
            frame->slow |= me;
            cpu->board->slow_frames++;
            uc_hook_add(cpu->engine->uc, &hook, UC_HOOK_MEM_WRITE_PROT, on_unmapped, cpu, address,
                        address + FRAME_BYTES - 1);
        } else {
            frame->stale |= frame->executable & me;
            frame->executable &= ~me;
            last[0] = cpu->pc, last[1] = cpu->flip_frame, last[2] = cpu->now;
        }
        uc_ctl_flush_tlb(cpu->engine->uc);
        return;
    }
    if (frame->stale & me) {
        invalidate(cpu, cpu->flip_frame);
        frame->stale &= ~me;
    } else {
        uc_ctl_flush_tlb(cpu->engine->uc);
    }
    frame->writable &= ~me;
    frame->executable |= me;
    if (is_suspect(cpu, cpu->flip_frame)) {
        cpu->board->suspects++;
        cpu->arch->set_exits(cpu, cpu->fault_page, cpu->flip_frame);
        uc_ctl_set_exits(cpu->engine->uc, cpu->engine->exits, cpu->engine->exit_count);
    }
}
