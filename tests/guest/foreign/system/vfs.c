/* The VFS thread: which channel serves a path's prefix (anos-abi 8.4). */
#include "libc.h"
#include "system.h"

enum { MOUNTS_MAX = 32 };
static uint8_t *const window = (uint8_t *)0xa0000000;

static struct mount mounts[MOUNTS_MAX];
static unsigned mount_count;

static struct mount *find(const char *prefix)
{
    for (unsigned i = 0; i < mount_count; i++) {
        if (strncmp(mounts[i].prefix, prefix, PREFIX_BYTES) == 0) {
            return &mounts[i];
        }
    }
    return NULL;
}

bool vfs_register(const char *prefix, uint64_t channel)
{
    if (mount_count == MOUNTS_MAX || find(prefix) != NULL) {
        return false;
    }
    struct mount *mount = &mounts[mount_count++];
    memcpy(mount->prefix, prefix, strnlen(prefix, PREFIX_BYTES - 1));
    mount->channel = channel;
    char line[64];
    snprintf(line, sizeof line, "vfs: mounted '%s'\n", mount->prefix);
    anos_kprint(line);
    return true;
}

/* The path of a look-up ends at its colon for us: the prefix has at most 31 characters. */
static uint64_t find_driver(const char *path, uint64_t size)
{
    char prefix[PREFIX_BYTES] = "";
    for (uint64_t i = 0; i < size && i < PREFIX_BYTES - 1 && path[i] != 0; i++) {
        prefix[i] = path[i];
        if (path[i] == ':') {
            const struct mount *mount = find(prefix);
            return mount != NULL ? mount->channel : 0;
        }
    }
    return 0;
}

static uint64_t handle(uint64_t tag, uint64_t size)
{
    if (tag == VFS_FIND) {
        return find_driver((const char *)window, size);
    }
    if (tag == VFS_REGISTER && size >= sizeof(struct mount)) {
        struct mount request;
        memcpy(&request, window, sizeof request);
        request.prefix[PREFIX_BYTES - 1] = 0;
        return vfs_register(request.prefix, request.channel);
    }
    return 0;
}

void vfs_thread(void)
{
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(vfs_channel, &tag, &size, window);
        if (message.type == OK) {
            anos_reply_message(message.value, handle(tag, size));
        }
    }
}
