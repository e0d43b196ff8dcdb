/*
 * A filesystem's server without a kernel. file_host.py is the other end.
 *
 * For each message in (tag, size, badge: u64; a page) out goes the reply, the badge of
 * the handle that goes with it or 0 (u64), and the page. The tags from -1 down to -7 are
 * for us. All handles count as held, until LET_GO.
 */
#ifndef FILE_HOST_H
#define FILE_HOST_H

#include "file_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECONDS_MAX 120 /* for a message: longer is a hang */

enum host_tag {
    SET_CLOCK = -1, /* it is `size` seconds after 1970 */
    LET_GO = -2,    /* nobody holds a handle any more */
    OWN_LAST = -7,  /* from here up to LET_GO: host_own */
};

static int64_t host_now;
static uint64_t badges[FILE_HANDLES_MAX]; /* of the capabilities that there are */
static bool is_held = true;

/* Serve a message with a tag of the including program's own. */
uint64_t host_own(uint64_t tag, uint64_t size);

/* The cookies of handles are their badges. */
struct anos_result anos_mint(uint64_t cookie, uint64_t rights, uint64_t badge)
{
    (void)cookie, (void)rights;
    badges[badge % FILE_HANDLES_MAX] = badge;
    return (struct anos_result){ ANOS_OK, badge };
}

struct anos_result anos_drop(uint64_t cookie)
{
    badges[cookie % FILE_HANDLES_MAX] = 0;
    return (struct anos_result){ ANOS_OK, 0 };
}

struct anos_result anos_list_capabilities(struct anos_capability_info *list, uint64_t count,
                                          uint64_t first)
{
    uint64_t at = 0;
    for (; at < count && first + at < FILE_HANDLES_MAX; at++) {
        list[at] = (struct anos_capability_info){ .badge = badges[first + at], .size = is_held };
    }
    return (struct anos_result){ ANOS_OK, at };
}

static uint64_t answer(struct file_server *server, const struct file_message *message,
                       uint64_t *handle)
{
    const int64_t tag = (int64_t)message->tag;
    *handle = 0;
    switch (tag) {
    case SET_CLOCK:
        host_now = (int64_t)message->bytes;
        return 1;
    case LET_GO:
        is_held = false;
        return 1;
    default:
        return tag < 0 && tag >= OWN_LAST ? host_own(message->tag, message->bytes)
                                          : file_serve(server, message, handle);
    }
}

/* Serve messages until there are no more. */
static void host_serve(struct file_server *server)
{
    uint64_t head[3];
    while (fread(head, sizeof head, 1, stdin) == 1) {
        /* On the heap, so that the sanitizer sees what is written behind it. */
        uint8_t *const page = aligned_alloc(ANOS_PAGE_BYTES, ANOS_PAGE_BYTES);
        if (page == NULL || fread(page, ANOS_PAGE_BYTES, 1, stdin) != 1) {
            exit(2);
        }
        alarm(SECONDS_MAX);
        const struct file_message message = { 0, head[0], head[2], head[1], page };
        uint64_t reply[2];
        reply[0] = answer(server, &message, &reply[1]);
        fwrite(reply, sizeof reply, 1, stdout);
        fwrite(page, ANOS_PAGE_BYTES, 1, stdout);
        fflush(stdout);
        free(page);
    }
}

#endif
