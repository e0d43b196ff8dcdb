/*
 * ramfs without a kernel: the server's own code, compiled for the host.
 *
 *   ram_host LIMIT CHUNKS
 *
 * LIMIT is how many bytes it may use, CHUNKS how much memory the machine has. Out: one
 * line, its mount; then as file_host.h says.
 */
#include "chunk.h"
#include "clock.h"
#include "file_host.h"
#include "operations.h"
#include "pool.h"

#include <sys/mman.h>

enum own_tag {
    USED = -3,   /* how much of the limit is used? */
    CHUNKS = -4, /* how many chunks does it have? */
};

static struct file_server server = { &ram_operations, NULL, 1, { 0 }, "", "" };
static uint8_t *memory;
static uint64_t chunk_count, chunks_max;

int64_t clock_now(void)
{
    return host_now;
}

uint8_t *chunk_get(uint32_t index)
{
    if (chunk_count == chunks_max) {
        return NULL;
    }
    chunk_count++;
    return memory + (size_t)index * CHUNK_BYTES;
}

void chunk_put(uint32_t index)
{
    chunk_count--;
    madvise(memory + (size_t)index * CHUNK_BYTES, CHUNK_BYTES, MADV_DONTNEED);
}

uint64_t host_own(uint64_t tag, uint64_t size)
{
    (void)size;
    return (int64_t)tag == USED ? pool_used() : (int64_t)tag == CHUNKS ? chunk_count : 0;
}

int main(int argc, char **argv)
{
    const size_t bytes = (size_t)CHUNKS_MAX * CHUNK_BYTES;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (argc != 3 || memory == MAP_FAILED) {
        return 2;
    }
    pool_limit(strtoull(argv[1], NULL, 10));
    chunks_max = strtoull(argv[2], NULL, 10);
    printf("ram: \n");
    fflush(stdout);
    host_serve(&server);
    return 0;
}
