/*
 * ramfs without a kernel: the server's own code, compiled for the host.
 *
 *   ram_host LIMIT CHUNKS
 *
 * LIMIT is how many bytes it may use, CHUNKS how much memory the machine has. Out: one
 * line, its mount; then as file_host.h says.
 *
 * Each generation of the server is a process of its own, forked from one that never was
 * the server. A message in which it ends is answered by its successor, with RESTARTED.
 * With "-fsanitize-coverage=trace-stores" it can end at each store to what outlives it.
 */
#include "chunk.h"
#include "clock.h"
#include "file_host.h"
#include "node.h"
#include "operations.h"
#include "pool.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#undef memcpy
#undef memset
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);

#define NO_COVERAGE __attribute__((no_sanitize("coverage")))

enum own_tag {
    USED = -3,    /* how much of the limit is used? */
    CHUNKS = -4,  /* how many chunks does it have? */
    END = -5,     /* end at the store with this number, from 1 on; in the upper half: its
                     successor ends at that store */
    SAVE = -6,    /* remember all files */
    RESTORE = -7, /* end, and have the files that were remembered */
};

enum how { ENDED = 3, RESTORED = 4 }; /* why a generation is over */

/* What all generations have, zeros at first. */
static struct {
    _Alignas(ANOS_PAGE_BYTES) struct store store;
    bool is_there[CHUNKS_MAX];
    uint64_t generation, next_end;
    int64_t now, answer; /* answer: what the next generation says first, or 0 */
} *shared, *saved;

static struct file_server server = { &ram_operations, NULL, 1, { 0 }, "", "" };
static uint8_t *memory, *saved_memory;
static uint64_t chunks_max, stores_left;

int64_t clock_now(void)
{
    return host_now;
}

/* ---- ends ---- */

/* Here it can end. */
NO_COVERAGE static void step(void)
{
    if (stores_left > 0 && --stores_left == 0) {
        _exit(ENDED);
    }
}

NO_COVERAGE static void before_store(const void *at)
{
    const uint8_t *const byte = at;
    if (stores_left == 0) {
        return;
    }
    if ((byte >= memory && byte < memory + (size_t)CHUNKS_MAX * CHUNK_BYTES) ||
        (byte >= (const uint8_t *)&shared->store &&
         byte < (const uint8_t *)(&shared->store + 1))) {
        step();
    }
}

#define STORE(bytes) \
    NO_COVERAGE void __sanitizer_cov_store##bytes(const void *at) \
    { \
        before_store(at); \
    }
STORE(1) STORE(2) STORE(4) STORE(8) STORE(16)

/* The server's memcpy and memset: they end in the middle, too. */
NO_COVERAGE void *host_memcpy(void *to, const void *from, size_t bytes)
{
    before_store(to);
    memcpy(to, from, bytes / 2);
    before_store(to);
    memcpy((uint8_t *)to + bytes / 2, (const uint8_t *)from + bytes / 2, bytes - bytes / 2);
    return to;
}

NO_COVERAGE void *host_memset(void *to, int byte, size_t bytes)
{
    before_store(to);
    memset(to, byte, bytes / 2);
    before_store(to);
    memset((uint8_t *)to + bytes / 2, byte, bytes - bytes / 2);
    return to;
}

/* ---- chunks ---- */

static uint8_t *place(uint32_t index)
{
    return memory + (size_t)index * CHUNK_BYTES;
}

static uint64_t chunk_count(void)
{
    uint64_t count = 0;
    for (size_t i = 0; i < CHUNKS_MAX; i++) {
        count += shared->is_there[i];
    }
    return count;
}

uint8_t *chunk_get(uint32_t index)
{
    step();
    if (chunk_count() == chunks_max) {
        return NULL;
    }
    if (shared->is_there[index]) {
        abort(); /* nobody knew that */
    }
    mprotect(place(index), CHUNK_BYTES, PROT_READ | PROT_WRITE);
    memset(place(index), 0, CHUNK_BYTES);
    shared->is_there[index] = true;
    step();
    return place(index);
}

bool chunk_find(uint32_t index, uint8_t **pages)
{
    *pages = shared->is_there[index] ? place(index) : NULL;
    return *pages == NULL || mprotect(*pages, CHUNK_BYTES, PROT_READ | PROT_WRITE) == 0;
}

void chunk_put(uint32_t index)
{
    step();
    mprotect(place(index), CHUNK_BYTES, PROT_NONE);
    shared->is_there[index] = false;
    step();
}

/* ---- generations ---- */

static void copy_files(void *to, uint8_t *to_memory, const void *from, const uint8_t *from_memory)
{
    memcpy(to, from, sizeof *shared);
    for (size_t i = 0; i < CHUNKS_MAX; i++) {
        if (saved->is_there[i]) {
            memcpy(to_memory + i * CHUNK_BYTES, from_memory + i * CHUNK_BYTES, CHUNK_BYTES);
        }
    }
}

uint64_t host_own(uint64_t tag, uint64_t size)
{
    shared->now = host_now;
    switch ((int64_t)tag) {
    case USED:
        return pool_used();
    case CHUNKS:
        return chunk_count();
    case END:
        stores_left = (uint32_t)size;
        shared->next_end = size >> 32;
        return 1;
    case SAVE:
        memcpy(saved, shared, sizeof *saved);
        copy_files(saved, saved_memory, shared, memory);
        return 1;
    case RESTORE:
        _exit(RESTORED);
    default:
        return 0;
    }
}

static void serve(uint64_t limit)
{
    mprotect(memory, (size_t)CHUNKS_MAX * CHUNK_BYTES, PROT_NONE);
    host_now = shared->now;
    stores_left = shared->next_end;
    shared->next_end = 0;
    server.handles.opened = ++shared->generation << FILE_GENERATION_SHIFT;
    if (!node_open(&shared->store, limit)) {
        exit(2);
    }
    stores_left = 0;
    if (shared->answer != 0) {
        static uint8_t page[ANOS_PAGE_BYTES];
        const int64_t reply[2] = { shared->answer, 0 };
        shared->answer = 0;
        fwrite(reply, sizeof reply, 1, stdout);
        fwrite(page, sizeof page, 1, stdout);
        fflush(stdout);
    }
    host_serve(&server);
    exit(0);
}

static void *map(size_t bytes)
{
    void *const mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        exit(2);
    }
    return mapped;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    memory = map((size_t)CHUNKS_MAX * CHUNK_BYTES);
    saved_memory = map((size_t)CHUNKS_MAX * CHUNK_BYTES);
    shared = map(sizeof *shared);
    saved = map(sizeof *saved);
    chunks_max = strtoull(argv[2], NULL, 10);
    printf("ram: \n");
    fflush(stdout);
    for (;;) {
        const pid_t pid = fork();
        if (pid == 0) {
            serve(strtoull(argv[1], NULL, 10));
        }
        int status;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
            return 2;
        }
        if (WEXITSTATUS(status) == RESTORED) {
            copy_files(shared, memory, saved, saved_memory);
            shared->answer = 1;
        } else if (WEXITSTATUS(status) == ENDED) {
            shared->answer = ANOS_RESTARTED;
        } else {
            return WEXITSTATUS(status);
        }
    }
}
