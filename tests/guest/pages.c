/* The page of a message between two processes (anos-abi 4.3, 14.5). */
#include "check.h"

#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define WINDOW UINT64_C(0xb0000000)
#define FRESH UINT64_C(0x720000000)

enum { WRITE_TAG, LOOK, LOOK_ON, ASK, RECEIVE_NOWHERE, UNMAP_FIRST, DIE, FORWARD };

static const uint64_t SECRET = 0x5ec4e7;

static uint8_t page[PAGE] __attribute__((aligned(PAGE)));
static volatile uint64_t flag;
static uint64_t to_child;

static volatile uint64_t *word(uint64_t address)
{
    return (volatile uint64_t *)address;
}

/* Receives at WINDOW, where it has memory of its own that starts with 4711. */
static void server(const uint64_t *arguments)
{
    anos_map_virtual(PAGE, WINDOW, RW);
    *word(WINDOW) = 4711;
    uint64_t before = 4711;
    bool seen = false;
    for (;;) {
        uint64_t tag = 0, size = 0;
        const result got = anos_recv_message(arguments[0], &tag, &size, (void *)WINDOW);
        if (got.type != ANOS_OK) {
            break;
        }
        uint64_t answer = 1;
        switch (tag) {
        case WRITE_TAG:
            *word(WINDOW + 8) = 99;
            answer = before;
            break;
        case LOOK:
            answer = *word(WINDOW);
            break;
        case LOOK_ON:
            seen = *word(WINDOW) == SECRET;
            anos_reply_message(got.value, 1);
            for (const uint64_t end = now() + 5 * MS; now() < end;) {
                seen |= *word(WINDOW) == SECRET;
            }
            continue;
        case ASK:
            answer = seen ? 2 : 1;
            break;
        case RECEIVE_NOWHERE:
            answer = size == 8 && *word(WINDOW) == before ? 1 : 2;
            break;
        case UNMAP_FIRST:
            anos_unmap_virtual(PAGE, WINDOW);
            anos_reply_message(got.value, 5);
            answer = anos_get_mem_info((void *)WINDOW).type == ANOS_BADARGS ? 6 : 7;
            anos_map_virtual(PAGE, WINDOW, RW);
            before = *word(WINDOW);
            continue;
        case DIE:
            return;
        case FORWARD:
            answer = anos_send_message(arguments[1], LOOK, 8, (void *)WINDOW).value;
            break;
        }
        anos_reply_message(got.value, answer);
        anos_task_sleep_current(0); /* its own page is back when it runs again */
        before = *word(WINDOW);
    }
}

static void other_thread(void)
{
    flag = anos_send_message(to_child, LOOK, 8, page).value;
    anos_kill_current_task();
}

int main(void)
{
    const bool bearer = is_bearer();
    const uint64_t first = anos_create_channel().value, second = anos_create_channel().value;
    to_child = first;
    memset(page, 3, sizeof page);
    is("1.8/6 a server", start_child("server", server, first, second), ANOS_OK);
    is("1.8/6 another one", start_child("second", server, second, 0), ANOS_OK);

    gives("4.3 the server had its own page", anos_send_message(first, WRITE_TAG, 8, page), 4711);
    CHECK("4.3 what it wrote is in ours", *(uint64_t *)(page + 8) == 99);
    const uint64_t then = anos_send_message(first, WRITE_TAG, 8, page).value;
    CHECK("4.3 after the reply it has its own again, or keeps ours as in STAGE3",
          then == (bearer ? 0x0303030303030303 : 4711));
    *(uint64_t *)page = 17;
    gives("4.3 it sees what we wrote", anos_send_message(first, LOOK, 8, page), 17);
    gives("4.3 through two servers", anos_send_message(first, FORWARD, 8, page), 17);
    gives("4.3 an unmapped buffer sends no page",
          anos_send_message(first, RECEIVE_NOWHERE, 8, NOWHERE), 1);
    is("4.3 a page that we may not write is sent as a copy",
       anos_send_message(first, WRITE_TAG, 8, (void *)(uintptr_t)ANOS_PROGRAM_BASE), ANOS_OK);
    CHECK("4.3 so it has not changed", *(uint64_t *)(ANOS_PROGRAM_BASE + 8) != 99);

    anos_create_region(FRESH, FRESH + 2 * PAGE, ANOS_REGION_AUTOMAP);
    is("14/5 an AUTOMAP page", anos_send_message(first, WRITE_TAG, 8, (void *)FRESH), ANOS_OK);
    CHECK("14/5 appears at the send", *(uint64_t *)(FRESH + 8) == 99);
    CHECK("14/5 its neighbour is zero", *(uint64_t *)(FRESH + PAGE + 8) == 0);

    gives("4.3 a server may unmap its window", anos_send_message(first, UNMAP_FIRST, 8, page), 5);
    *(uint64_t *)page = 23;
    gives("4.3 and go on", anos_send_message(first, LOOK, 8, page), 23);

    anos_send_message(second, LOOK_ON, 8, page);
    for (const uint64_t end = now() + MS; now() < end;) {
        *(volatile uint64_t *)page = SECRET;
    }
    *(uint64_t *)page = 23;
    const uint64_t seen = anos_send_message(second, ASK, 0, NULL).value;
    CHECK("4.3 after its reply a server sees no more of our page", seen == 1 || bearer);

    bool right = true;
    for (uint64_t i = 1; i < 300; i++) {
        uint64_t *const at = (uint64_t *)(i % 2 ? FRESH : FRESH + PAGE);
        *at = i;
        right = right && anos_send_message(i % 3 ? first : second, LOOK, 8, at).value == i;
    }
    CHECK("4.3 no stale page in three hundred messages", right);

    is("4.5 the receiver dies: its sender wakes", anos_send_message(first, DIE, 8, page),
       ANOS_FAILURE);
    CHECK("4.5 the page is still ours", *(uint64_t *)page == 23);
    is("4.3 its channel has died, unless its maker lives", anos_send_message(12345, 0, 0, NULL),
       ANOS_FAILURE);
    to_child = second;
    start_thread(other_thread, ANOS_CLASS_NORMAL);
    CHECK("4.3 any thread may send", wait_for(&flag) && flag == 23);
    return finish();
}
