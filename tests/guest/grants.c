/* Narrowing, passing on in messages, and taking back: calls 75 to 80 and 93. */
#include "check.h"

#define WINDOW UINT64_C(0x500000000)
#define DEVICES UINT64_C(0x600000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)
#define REGISTERS CLOCK_PAGE

enum { PEER_SENDS = 1, PEER_KEEPS = 2, PEER_MAPS = 3, PEER_RECEIVES = 4, PEER_WAITS = 5 };

static uint64_t channel, devices, vectors;
static uint64_t tag_heard;
static struct anos_transfer transfer, second;
static uint8_t page[PAGE] __attribute__((aligned(PAGE)));

/* Receive with capabilities; returns the message. */
static uint64_t hear(struct anos_transfer *into)
{
    *into = (struct anos_transfer){0};
    return anos_recv_transfer(channel, &tag_heard, NULL, (void *)WINDOW, into).value;
}

static uint64_t tell(uint64_t to, uint64_t tag)
{
    return anos_send_message(to, tag, 0, NULL).value;
}

/* ---- the other process: asks on `home` for capabilities and does what the tag says ---- */

static void peer(const uint64_t *arguments)
{
    const uint64_t home = arguments[0];
    for (;;) {
        struct anos_transfer got = {0};
        const uint64_t todo = anos_send_transfer(home, 100, 0, NULL, &got).value;
        const uint64_t cookie = got.count ? got.slots[0].cookie : 0;
        uint64_t said = 1;
        switch (todo) {
        case PEER_SENDS:
            said = anos_send_message(cookie, 7, 0, NULL).value;
            break;
        case PEER_KEEPS:
            said = got.count << 16 | got.slots[0].rights;
            break;
        case PEER_MAPS:
            said = (uint64_t)anos_map_physical(REGISTERS, DEVICES, PAGE, ANOS_MAP_READ).type;
            break;
        case PEER_RECEIVES:
            tell(home, 1);
            said = (uint64_t)anos_recv_message(cookie, NULL, NULL, NULL).type;
            break;
        case PEER_WAITS:
            said = (uint64_t)anos_send_message(cookie, 7, 0, NULL).type;
            break;
        default:
            anos_kill_current_task();
        }
        tell(home, said);
    }
}

/* Answer the peer's question: what to do, with one capability. */
static void order(uint64_t todo, uint64_t cookie, uint32_t rights, uint32_t flags)
{
    const uint64_t message = hear(&transfer);
    transfer = (struct anos_transfer){.count = cookie != 0};
    transfer.slots[0] = (struct anos_slot){cookie, rights, flags};
    is("reply with capabilities", anos_reply_transfer(message, todo, &transfer), ANOS_OK);
}

/* What the peer says it got. */
static uint64_t outcome(void)
{
    const uint64_t message = hear(&transfer);
    const uint64_t tag = tag_heard;
    anos_reply_message(message, 1);
    return tag;
}

static void find_devices(void)
{
    static struct anos_capability_info all[200];
    const result listed = anos_list_capabilities(all, 200, 0);
    is("list", listed, ANOS_OK);
    bool calls = false;
    for (uint64_t i = 0; i < listed.value; i++) {
        calls |= all[i].kind == ANOS_OBJECT_CALL && all[i].number == ANOS_SYS_LIST_CAPABILITIES;
        if (all[i].cookie == __syscall_capabilities[ANOS_CAP_DEVICE_MEMORY]) {
            devices = all[i].kind == ANOS_OBJECT_PHYSICAL ? all[i].cookie : 0;
        } else if (all[i].kind == ANOS_OBJECT_VECTORS) {
            vectors = all[i].cookie;
        }
    }
    CHECK("list: our calls are in it", calls);
    CHECK("list: the devices are in it", devices != 0);
    gives("list: behind the end there is nothing", anos_list_capabilities(all, 5, 10000), 0);
    is("list: not into nowhere", anos_list_capabilities(NOWHERE, 5, 0), ANOS_BADARGS);
}

static void check_mint(void)
{
    is("mint: what is not held", anos_mint(12345, 0, 0), ANOS_BADARGS);
    const result sender = anos_mint(channel, ANOS_RIGHT_SEND, 0);
    is("mint", sender, ANOS_OK);
    const result another = anos_mint(channel, ANOS_RIGHT_SEND, 0);
    CHECK("mint: a new one each time", another.value != sender.value);
    is("mint: narrowed", anos_recv_message(sender.value, NULL, NULL, NULL), ANOS_INCAPABLE);
    const uint64_t wide = anos_mint(sender.value, ANOS_ALL_RIGHTS, 0).value;
    is("mint: never widened", anos_destroy_channel(wide), ANOS_INCAPABLE);
    const uint64_t badged = anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, 77).value;
    is("mint: a badge stays", anos_mint(badged, 0, 78), ANOS_BADARGS);
    is("mint: the same badge again", anos_mint(badged, 0, 77), ANOS_OK);
    is("mint_range: of a channel", anos_mint_range(channel, 0, PAGE, 0), ANOS_BADARGS);
    is("mint_range: outside", anos_mint_range(devices, RAM_BEGIN, PAGE, 0), ANOS_BADARGS);
    is("mint_range: unaligned", anos_mint_range(devices, REGISTERS + 1, PAGE, 0), ANOS_BADARGS);
    is("mint_range: empty", anos_mint_range(devices, REGISTERS, 0, 0), ANOS_BADARGS);
    is("mint_range: wraps", anos_mint_range(devices, REGISTERS, -PAGE, 0), ANOS_BADARGS);
    is("mint_range: too many vectors", anos_mint_range(vectors, 0x40, 1000, 0), ANOS_BADARGS);
    is("mint_range: vectors", anos_mint_range(vectors, 0x50, 2, 0), ANOS_OK);
    gives("revoke: all of these", anos_revoke(vectors, 0), 1);
    gives("revoke: and those made from them", anos_revoke(channel, 0), 5);
    is("revoke: they are gone", anos_send_message(badged, 1, 0, NULL), ANOS_FAILURE);
    is("revoke: what is not held", anos_revoke(12345, 0), ANOS_BADARGS);
    is("revoke: an unknown process", anos_revoke(channel, 12345), ANOS_FAILURE);
}

static volatile uint64_t through;

static void send_badged(void)
{
    struct anos_transfer mine = {.count = 1, .slots = {{devices, ANOS_RIGHT_READ, 0}}};
    anos_send_transfer(through, 5, 0, NULL, &mine);
    anos_kill_current_task();
}

static void check_transfer(void)
{
    struct anos_transfer bad = {.count = 9};
    is("send: nine slots", anos_send_transfer(channel, 1, 0, NULL, &bad), ANOS_BADARGS);
    bad = (struct anos_transfer){.count = 1, .slots = {{12345, 0, 0}}};
    is("send: what is not held", anos_send_transfer(channel, 1, 0, NULL, &bad), ANOS_BADARGS);
    bad.slots[0] = (struct anos_slot){channel, 0, 6};
    is("send: unknown flags", anos_send_transfer(channel, 1, 0, NULL, &bad), ANOS_BADARGS);
    bad.slots[0] = (struct anos_slot){anos_mint(channel, ANOS_RIGHT_SEND, 0).value, 0, 0};
    is("send: without GRANT", anos_send_transfer(channel, 1, 0, NULL, &bad), ANOS_INCAPABLE);
    is("send: nowhere", anos_send_transfer(channel, 1, 0, NULL, NOWHERE), ANOS_BADARGS);
    is("receive: nowhere", anos_recv_transfer(channel, NULL, NULL, NULL, NOWHERE), ANOS_BADARGS);
    const uint64_t begin = now();
    second.timeout_ns = 3 * MS;
    is("receive: at most for a time", anos_recv_transfer(channel, NULL, NULL, NULL, &second),
       ANOS_TIMED_OUT);
    CHECK("receive: not less, hardly more", now() - begin >= 3 * MS && now() - begin < 4 * MS);
    through = anos_mint(channel, ANOS_RIGHT_SEND, 4711).value;
    start_thread(send_badged, ANOS_CLASS_NORMAL);
    const uint64_t message = hear(&second);
    CHECK("receive: the badge", second.badge == 4711 && second.count == 1);
    CHECK("receive: inside one process cookies stay", second.slots[0].cookie == devices);
    is("reply: what is not held", anos_reply_transfer(message, 1, &bad), ANOS_INCAPABLE);
    is("reply: the message is still there", anos_reply_message(message, 1), ANOS_OK);
    is("reply: unknown message", anos_reply_transfer(message, 1, &second), ANOS_FAILURE);
}

enum { PLACES = 4, TIMES = 3 };

static void send_often(void)
{
    for (int i = 0; i < PLACES * TIMES; i++) {
        anos_send_message(through, 5, 0, NULL);
    }
    anos_kill_current_task();
}

/* The badge arrives in one page or two, aligned or not, the first time and later. */
static void check_places(void)
{
    static uint8_t room[2 * PAGE] __attribute__((aligned(PAGE)));
    const uint64_t places[PLACES] = {0, PAGE - sizeof(struct anos_transfer), PAGE - 16, 4};
    bool right = true;
    through = anos_mint(channel, ANOS_RIGHT_SEND, 99).value;
    start_thread(send_often, ANOS_CLASS_NORMAL);
    for (int i = 0; i < PLACES * TIMES; i++) {
        uint8_t *const place = room + places[i / TIMES];
        struct anos_transfer got;
        memset(room, 0xee, sizeof room);
        memset(place, 0, sizeof got.timeout_ns);
        const result heard = anos_recv_transfer(channel, NULL, NULL, NULL, (void *)place);
        anos_reply_message(heard.value, 1);
        memcpy(&got, place, sizeof got);
        right = right && heard.type == ANOS_OK && got.badge == 99 && got.count == 0;
        right = right && (place == room || place[-1] == 0xee);
        right = right && got.slots[0].cookie == UINT64_C(0xeeeeeeeeeeeeeeee);
    }
    CHECK("receive: the badge is where it is wanted", right);
}

/* What the list says of the last capability. */
static struct anos_capability_info last_of_all(void)
{
    struct anos_capability_info info = {0}, last = {0};
    for (uint64_t i = 0; anos_list_capabilities(&info, 1, i).value == 1; i++) {
        last = info;
    }
    return last;
}

static void check_hanging(void)
{
    const uint64_t badged = anos_mint(channel, ANOS_RIGHT_SEND, 5).value;
    CHECK("list: the newest is the last",
          last_of_all().cookie == badged && last_of_all().badge == 5);
    CHECK("list: nothing hangs on it", last_of_all().size == 0);
    const uint64_t other = anos_mint(badged, 0, 0).value;
    anos_drop(badged);
    anos_drop(other);
    const uint64_t again = anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, 6).value;
    order(PEER_KEEPS, again, 0, 0);
    outcome();
    CHECK("list: somebody has one of it", last_of_all().size == 1);
    gives("list: it is taken back", anos_revoke(again, 0), 1);
    CHECK("list: nobody has any more", last_of_all().size == 0);
}

static void check_passing_on(void)
{
    const uint64_t arguments[CHILD_ARGUMENTS] = {
        anos_mint(channel, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, 0).value};
    const int without[] = {ANOS_CAP_DEVICE_MEMORY, ANOS_CAP_DEVICE_MEMORY_HIGH,
        ANOS_CAP_INTERRUPT_VECTORS, 0};
    const struct anos_process_params params = child_params("peer", peer, arguments, without);
    is("a child without devices", anos_create_process(&params), ANOS_OK);
    const uint64_t other = anos_create_channel().value;
    order(PEER_KEEPS, other, ANOS_RIGHT_SEND | ANOS_RIGHT_CALL, 0);
    CHECK("passed on: one, narrowed to what there is", outcome() == (1 << 16 | ANOS_RIGHT_SEND));

    order(PEER_MAPS, 0, 0, 0);
    CHECK("devices: not without", (int64_t)outcome() == ANOS_BADARGS);
    const uint64_t clock = anos_mint_range(devices, REGISTERS, PAGE, 0).value;
    order(PEER_MAPS, clock, ANOS_RIGHT_READ, 0);
    CHECK("devices: with them", (int64_t)outcome() == ANOS_OK);
    gives("devices: taken back", anos_revoke(clock, 0), 1);
    order(PEER_MAPS, 0, 0, 0);
    CHECK("devices: not any more", (int64_t)outcome() == ANOS_BADARGS);
    is("devices: ours stay", anos_map_physical(REGISTERS, DEVICES, PAGE, RW), ANOS_OK);

    order(PEER_RECEIVES, other, ANOS_RIGHT_RECEIVE, 0);
    outcome();
    anos_task_sleep_current(10 * MS);
    gives("revoke: the waiting receiver's right", anos_revoke(other, 0), 2);
    CHECK("revoke: it wakes with INCAPABLE", (int64_t)outcome() == ANOS_INCAPABLE);

    order(PEER_WAITS, other, ANOS_RIGHT_SEND, 0);
    anos_task_sleep_current(10 * MS);
    gives("revoke: the waiting sender's right", anos_revoke(other, 0), 1);
    CHECK("revoke: it wakes with INCAPABLE", (int64_t)outcome() == ANOS_INCAPABLE);
    struct anos_transfer none = {.timeout_ns = MS};
    is("revoke: its message is gone", anos_recv_transfer(other, NULL, NULL, NULL, &none),
       ANOS_TIMED_OUT);

    order(PEER_WAITS, other, ANOS_RIGHT_SEND, 0);
    const uint64_t served = anos_recv_message(other, NULL, NULL, page).value;
    gives("revoke: a sender that is served", anos_revoke(other, 0), 1);
    CHECK("revoke: it does not wait any longer", (int64_t)outcome() == ANOS_INCAPABLE);
    is("revoke: the answer reaches nobody", anos_reply_message(served, 1), ANOS_FAILURE);

    check_hanging();
    order(PEER_KEEPS, other, ANOS_ALL_RIGHTS, ANOS_SLOT_MOVE);
    outcome();
    is("move: it is not ours any more", anos_destroy_channel(anos_mint(other, 0, 0).value), 0);
    is("move: gone", anos_mint(other, 0, 0), ANOS_BADARGS);
    order(99, 0, 0, 0);
}

int main(void)
{
    channel = anos_create_channel().value;
    if (is_bearer()) {
        gives("revoke: a number cannot be taken back", anos_revoke(channel, 0), 0);
        gives("mint: it cannot be narrowed", anos_mint(channel, ANOS_RIGHT_SEND, 5), channel);
        return finish();
    }
    find_devices();
    check_mint();
    check_transfer();
    check_places();
    check_passing_on();
    return finish();
}
