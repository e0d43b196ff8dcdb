/*
 * Asks a disk for much at once. Every sector of it begins with its own number.
 *
 *   queue THREADS ROUNDS    each thread reads, writes and reads again places of its own
 *   queue take              shares memory, takes it away again and asks all the same
 *   queue nothing           messages without a page
 */
#include "block.h"
#include "check.h"
#include "device.h"

#include <anos/thread.h>
#include <pthread.h>
#include <stdlib.h>

#define SECTORS_EACH 512 /* of a thread's part of the disk */
#define SHARED UINT64_C(0x500000000)

static uint64_t disk;

struct worker {
    _Alignas(PAGE) uint8_t page[PAGE];
    unsigned number, rounds, wrong, failed;
};

static uint64_t find_disk(void)
{
    static _Alignas(PAGE) uint8_t page[PAGE];
    const struct device_query query = {
        .message = DEVICE_QUERY,
        .kind = QUERY_BY_TYPE,
        .type = DEVICE_STORAGE,
    };
    for (int polls = 0; polls < 500; polls++) {
        const uint64_t devman = anos_find_named_channel(DEVMAN_NAME).value;
        memcpy(page, &query, sizeof query);
        const struct device_answer *const answer = (const struct device_answer *)page;
        if (devman != 0 && anos_send_message(devman, 0, sizeof query, page).type == ANOS_OK &&
            answer->count > 0) {
            return answer->devices[0].channel;
        }
        anos_task_sleep_current(10 * MS);
    }
    return 0;
}

static uint64_t read_sectors(struct worker *worker, uint64_t sector, uint32_t count)
{
    const struct block_request request = { .type = BLOCK_READ, .sector = sector, .count = count };
    memcpy(worker->page, &request, BLOCK_REQUEST_BYTES_MIN);
    return anos_send_message(disk, 0, BLOCK_REQUEST_BYTES_MIN, worker->page).value;
}

/* Are the sectors of the page those from `sector` on, with `stamp` behind the number? */
static bool is_right(const struct worker *worker, uint64_t sector, uint32_t count, uint64_t stamp)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[2];
        memcpy(words, worker->page + i * BLOCK_SECTOR_BYTES, sizeof words);
        if (words[0] != sector + i || words[1] != stamp) {
            return false;
        }
    }
    return true;
}

static uint64_t write_sectors(struct worker *worker, uint64_t sector, uint32_t count,
                              uint64_t stamp)
{
    memset(worker->page, 0, PAGE);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t words[2] = { sector + i, stamp };
        memcpy(worker->page + i * BLOCK_SECTOR_BYTES, words, sizeof words);
    }
    return anos_send_message(disk, block_write_page_tag(sector, count),
                             count * BLOCK_SECTOR_BYTES, worker->page)
        .value;
}

static void note(struct worker *worker, bool went_well, uint64_t sector, uint32_t count,
                 uint64_t stamp)
{
    worker->failed += !went_well;
    worker->wrong += went_well && !is_right(worker, sector, count, stamp);
}

static void *work(void *argument)
{
    struct worker *const worker = argument;
    for (unsigned round = 0; round < worker->rounds; round++) {
        const uint64_t sector = worker->number * SECTORS_EACH + 8 * round;
        const uint32_t count = 1 + (worker->number + round) % 8;
        const uint64_t bytes = count * BLOCK_SECTOR_BYTES;
        note(worker, read_sectors(worker, sector, count) == bytes, sector, count, 0);
        worker->failed += write_sectors(worker, sector, count, 1 + round) != count;
        note(worker, read_sectors(worker, sector, count) == bytes, sector, count, 1 + round);
    }
    return NULL;
}

static void ask_at_once(unsigned thread_count, unsigned rounds)
{
    struct worker *const workers = aligned_alloc(PAGE, thread_count * sizeof(struct worker));
    pthread_t threads[64];
    for (unsigned i = 0; i < thread_count; i++) {
        workers[i].number = i;
        workers[i].rounds = rounds;
        workers[i].wrong = workers[i].failed = 0;
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
        if (workers[i].wrong + workers[i].failed > 0) {
            printf("thread %u: %u wrong, %u failed\n", i, workers[i].wrong, workers[i].failed);
        }
    }
}

/* Share 32 pages, and then give the memory up in one of two ways. */
static void share_and_take(bool by_revoking)
{
    static _Alignas(PAGE) uint8_t page[PAGE];
    const uint64_t bytes = BLOCK_PAGES_MAX * PAGE;
    const uint64_t memory = anos_create_memory(bytes).value;
    const struct block_share share = { BLOCK_SHARE, BLOCK_PAGES_MAX, memory, 0 };
    memcpy(page, &share, sizeof share);
    struct block_pages wanted = {
        .type = BLOCK_READ_PAGES,
        .object = (uint32_t)anos_send_message(disk, 0, sizeof share, page).value,
        .count = 8 * BLOCK_PAGES_MAX,
    };
    for (uint16_t i = 0; i < BLOCK_PAGES_MAX; i++) {
        wanted.pages[i] = i;
    }
    CHECK("it is shared", wanted.object != 0);
    if (by_revoking) {
        anos_revoke(memory, 0);
    } else {
        anos_map_memory(memory, SHARED, 0, bytes, ANOS_MAP_READ);
    }
    memcpy(page, &wanted, sizeof wanted);
    const uint64_t read = anos_send_message(disk, 0, sizeof wanted, page).value;
    CHECK("it answers", by_revoking || read == bytes);
    if (!by_revoking) {
        CHECK("the pages are read", *(const uint64_t *)(SHARED + 3 * PAGE) == 24);
    }
}

static void send_nothing(void)
{
    for (uint64_t bytes = 0; bytes <= PAGE; bytes += PAGE / 2) {
        const struct anos_result answer = anos_send_message(disk, 0, bytes, NULL);
        is("without a page it is refused", answer, ANOS_FAILURE);
    }
    is("sectors without a page", anos_send_message(disk, block_write_page_tag(3, 1), 512, NULL),
       ANOS_OK);
}

int main(int argc, char **argv)
{
    disk = find_disk();
    if (argc == 3) {
        ask_at_once((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]));
    } else if (strcmp(argv[1], "take") == 0) {
        share_and_take(false);
        share_and_take(true);
    } else {
        send_nothing();
    }
    struct worker worker = { .number = 63 };
    CHECK("the disk still answers", read_sectors(&worker, 63 * SECTORS_EACH, 8) == PAGE &&
                                         is_right(&worker, 63 * SECTORS_EACH, 8, 0));
    printf("done\n");
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
