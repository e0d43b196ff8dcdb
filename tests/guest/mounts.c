/*
 * A client of the VFS and the RAMFS that makes every mistake. It is started
 * with the arguments "one" and "two" and may make every call.
 */
#include "services.h"

#define OWN_PATH "boot:/mounts.elf"
#define TEXT_PATH "boot:/text" /* 5,000 bytes: byte i is i * 7 */
#define TEXT_BYTES 5000

/* ---- what we were started with ---- */

static void check_start(int argc, char **argv)
{
    CHECK("3.5 argc", argc == 3);
    CHECK("3.5 argv[0] is the path", strcmp(argv[0], OWN_PATH) == 0);
    CHECK("3.5 argv[1], argv[2]", strcmp(argv[1], "one") == 0 && strcmp(argv[2], "two") == 0);
    CHECK("3.5 strings follow each other",
          argv[1] == argv[0] + sizeof OWN_PATH && argv[2] == argv[1] + 4);
    const uint64_t end = (uint64_t)argv[2] + 4;
    CHECK("3.5 strings end with a word, the stack with two",
          end == ANOS_STACK_TOP || end == ANOS_STACK_TOP - 8);
}

/* ---- VFS ---- */

static void check_find(void)
{
    CHECK("8.4 the VFS has its name", vfs != 0);
    gives("8.4/1 boot: is mounted", find("boot:/x"), ramfs);
    gives("8.4/1 the path behind it does not matter", find("boot:"), ramfs);
    fails("8.4/1 no colon", find("boot"));
    fails("8.4/1 nothing before the colon", find(":boot"));
    fails("8.4/1 unknown mount", find("toast:/x"));
    fails("8.4/1 longer mount", find("boot2:/x"));
    fails("8.4/1 shorter mount", find("oot:/x"));
    fails("8.4/1 empty", find(""));
    strcpy(page, "boot:");
    fails("8.4/1 no NUL in the size", anos_send_message(vfs, VFS_FIND, 5, page));
    memset(page, 'x', sizeof page);
    fails("8.4/1 no NUL in the page", anos_send_message(vfs, VFS_FIND, PAGE, page));
    fails("8.4/1 no page", anos_send_message(vfs, VFS_FIND, 6, NULL));
    fails("8.4/1 no message", anos_send_message(vfs, VFS_FIND, 0, page));
    fails("8.4 unknown tag", anos_send_message(vfs, 5, PAGE, page));
    fails("8.4 tag 0", anos_send_message(vfs, 0, 0, NULL));
}

/* Is a mount in the list of all, and in which place? -1: it is not. */
static int place_of(const char *prefix)
{
    const struct vfs_listing *const listing = (const struct vfs_listing *)page;
    const uint64_t bytes = anos_send_message(vfs, VFS_LIST, PAGE, page).value;
    for (uint32_t i = 0; i < listing->count; i++) {
        if (bytes == sizeof *listing + listing->count * sizeof listing->entries[0] &&
            strcmp(listing->entries[i].prefix, prefix) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void check_list(uint64_t mine)
{
    const int first = place_of("boot:");
    CHECK("ours: the list begins with boot:", first == 0);
    CHECK("ours: it has no others", place_of("boot") < 0 && place_of("one:") < 0);
    change(VFS_REGISTER, "one:", mine);
    change(VFS_REGISTER, "two:", mine);
    change(VFS_REGISTER, "three:", mine);
    const struct vfs_listing *const listing = (const struct vfs_listing *)page;
    const int one = place_of("one:"), two = place_of("two:");
    CHECK("ours: mounts are listed in order", two == one + 1 && place_of("three:") == two + 1);
    CHECK("ours: with their channels",
          listing->entries[one].channel == listing->entries[two].channel &&
              listing->entries[one].channel != listing->entries[0].channel &&
              listing->entries[one].channel == (uint32_t)anos_inspect(mine).value);
    change(VFS_UNREGISTER, "one:", mine);
    CHECK("ours: the order stays", place_of("two:") == one && place_of("three:") == two);
    change(VFS_UNREGISTER, "two:", mine);
    change(VFS_UNREGISTER, "three:", mine);
}

static void check_mounts(void)
{
    const uint64_t mine = anos_create_channel().value, other = anos_create_channel().value;
    fails("8.4/2 boot: is taken", change(VFS_REGISTER, "boot:", mine));
    fails("8.4/2 no colon", change(VFS_REGISTER, "mine", mine));
    fails("8.4/2 something behind the colon", change(VFS_REGISTER, "mine:/", mine));
    fails("8.4/2 only a colon", change(VFS_REGISTER, ":", mine));
    fails("8.4/2 empty", change(VFS_REGISTER, "", mine));
    fails("8.4/2 no NUL", change(VFS_REGISTER, "1234567890123456789012345678901:", mine));
    fails("8.4/2 no channel", change(VFS_REGISTER, "mine:", 0));
    if (!is_bearer()) {
        fails("8.4/2 a channel that we do not hold", change(VFS_REGISTER, "mine:", 12345));
    }
    fails("8.4/2 cut short",
          anos_send_message(vfs, VFS_REGISTER, sizeof(struct vfs_mount) - 1, page));
    gives("8.4/2 register", change(VFS_REGISTER, "mine:", mine), 1);
    fails("8.4/2 twice", change(VFS_REGISTER, "mine:", mine));
    fails("8.4/2 by another", change(VFS_REGISTER, "mine:", other));
    is("8.4/1 it is found", find("mine:x"), ANOS_OK);
    fails("8.4/3 boot: stays", change(VFS_UNREGISTER, "boot:", mine));
    fails("8.4/3 with another channel", change(VFS_UNREGISTER, "mine:", other));
    fails("8.4/3 not there", change(VFS_UNREGISTER, "main:", mine));
    check_list(mine);
    gives("8.4/3 unregister", change(VFS_UNREGISTER, "mine:", mine), 1);
    fails("8.4/1 it is gone", find("mine:x"));
    char prefix[VFS_PREFIX_BYTES];
    int registered = 0;
    for (int i = 0; i < VFS_MOUNTS_MAX; i++) {
        snprintf(prefix, sizeof prefix, "m%d:", i);
        registered += change(VFS_REGISTER, prefix, mine).type == ANOS_OK;
    }
    CHECK("8.4/2 the table has 32 places", registered == VFS_MOUNTS_MAX - 1);
    is("8.4/1 the last one is found", find("m30:x"), ANOS_OK);
    for (int i = 0; i < VFS_MOUNTS_MAX - 1; i++) {
        snprintf(prefix, sizeof prefix, "m%d:", i);
        registered -= change(VFS_UNREGISTER, prefix, mine).type == ANOS_OK;
    }
    CHECK("8.4/3 all of them go", registered == 0);
    if (!is_bearer()) {
        change(VFS_REGISTER, "dead:", mine);
        change(VFS_REGISTER, "lost:", mine);
        const uint64_t handle = anos_mint(mine, ANOS_RIGHT_SEND | ANOS_RIGHT_GRANT, 7).value;
        gives("ours: a handle as a mount", change(VFS_REGISTER, "handle:", handle), 1);
        fails("8.4/3 it is not its filesystem", change(VFS_UNREGISTER, "handle:", mine));
        const uint64_t send_only = anos_mint(mine, ANOS_RIGHT_SEND, 8).value;
        fails("8.4/2 what may not be passed on", change(VFS_REGISTER, "only:", send_only));
        is("ours: it is found", find("handle:x"), ANOS_OK);
        anos_destroy_channel(mine);
        fails("ours: a handle's mount ends with its filesystem", find("handle:x"));
        fails("8.4/1 a dead driver's mount is not found", find("dead:x"));
        CHECK("ours: nor listed", place_of("lost:") < 0);
        gives("8.4/2 a dead driver's mount can be taken", change(VFS_REGISTER, "dead:", other), 1);
        gives("8.4/3 and given back", change(VFS_UNREGISTER, "dead:", other), 1);
    }
}

/* ---- RAMFS ---- */

static bool text_at(uint64_t offset, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((uint8_t)page[i] != (uint8_t)((offset + i) * 7)) {
            return false;
        }
    }
    return true;
}

static void check_ramfs(void)
{
    gives("8.4/1 size", file_size(TEXT_PATH), TEXT_BYTES);
    CHECK("8.4/1 the page is as it was", strcmp(page, TEXT_PATH) == 0);
    gives("8.4/1 any slashes", file_size("boot:///text"), TEXT_BYTES);
    gives("8.4/1 no slash", file_size("boot:text"), TEXT_BYTES);
    fails("8.4/1 missing", file_size("boot:/texts"));
    fails("8.4/1 shorter", file_size("boot:/tex"));
    fails("8.4/1 case matters", file_size("boot:/Text"));
    fails("8.4/1 a name too long", file_size("boot:/text567890123456"));
    fails("8.4/1 no file", file_size("boot:/"));
    fails("8.4/1 no mount", file_size("text"));
    strcpy(page, TEXT_PATH);
    fails("8.4/1 no NUL", anos_send_message(ramfs, FILE_SIZE, sizeof TEXT_PATH - 1, page));
    fails("8.4/1 no page", anos_send_message(ramfs, FILE_SIZE, 10, NULL));

    const uint64_t size = 8 + sizeof TEXT_PATH;
    gives("8.4/2 first page", load(TEXT_PATH, 0, size), PAGE);
    CHECK("8.4/2 first page's bytes", text_at(0, PAGE));
    gives("8.4/2 last page", load(TEXT_PATH, PAGE, size), TEXT_BYTES - PAGE);
    CHECK("8.4/2 last page's bytes", text_at(PAGE, TEXT_BYTES - PAGE));
    CHECK("8.4/2 behind them nothing changes", page[TEXT_BYTES - PAGE] == 0x5a);
    gives("8.4/2 any offset", load(TEXT_PATH, 1234, size), TEXT_BYTES - 1234);
    CHECK("8.4/2 any offset's bytes", text_at(1234, TEXT_BYTES - 1234));
    gives("8.4/2 the last byte", load(TEXT_PATH, TEXT_BYTES - 1, size), 1);
    fails("8.4/2 the end", load(TEXT_PATH, TEXT_BYTES, size));
    fails("8.4/2 far behind the end", load(TEXT_PATH, UINT64_MAX, size));
    fails("8.4/2 missing", load("boot:/nothing", 0, PAGE));
    gives("8.4/2 as Anos loads: 26 bytes", load("boot:/text", 0, 26), PAGE);
    gives("8.4/2 26 bytes have 21 characters", load("boot:///////////text", 0, 26), PAGE);
    gives("8.4/2 to the last", load("boot:////////////text", 0, 26), PAGE);
    fails("8.4/2 not 22", load("boot://///////////text", 0, 26));
    gives("8.4/2 more with more", load("boot://///////////text", 0, 27), PAGE);
    fails("8.4/2 no path", load("", 0, 9));
    fails("8.4/2 less than an offset", load(TEXT_PATH, 0, 7));
    fails("8.4/2 empty", load(TEXT_PATH, 0, 0));
    if (!is_bearer()) { /* there the server still sees the last client's page */
        fails("8.4/2 no page", anos_send_message(ramfs, FILE_LOAD, 26, NULL));
    }
    char deep[FILE_PATH_BYTES];
    memset(deep, '/', sizeof deep);
    memcpy(deep, "boot:", 5);
    strcpy(deep + sizeof deep - 5, "text");
    gives("8.4/2 as long as a page", load(deep, 0, PAGE), PAGE);
    memset(page, '/', sizeof page);
    memcpy(page, "\0\0\0\0\0\0\0\0boot:", 13);
    fails("8.4/2 no NUL in the page", anos_send_message(ramfs, FILE_LOAD, PAGE, page));
    fails("8.4 unknown tag", anos_send_message(ramfs, 3, PAGE, page));
    fails("9.5 not Anos's other protocol", anos_send_message(ramfs, FILE_QUERY_SIZE, PAGE, page));
}

int main(int argc, char **argv)
{
    find_services();
    check_start(argc, argv);
    check_find();
    check_mounts();
    check_ramfs();
    return finish();
}
