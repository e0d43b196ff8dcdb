/* The RAMFS thread: files inside SYSTEM's image, a page at a time (anos-abi 8.2, 8.4). */
#include "libc.h"
#include "system.h"

static uint8_t *const window = (uint8_t *)0xb0000000;

struct ramfs_header {
    uint32_t magic, version;
    uint64_t size, count, reserved;
};

struct ramfs_entry {
    uint64_t start; /* of the data, from the start of this entry */
    uint64_t length;
    char name[16];
};

extern const struct ramfs_header _ramfs_start;

static const struct ramfs_entry *find(const char *name)
{
    const struct ramfs_entry *entries = (const struct ramfs_entry *)(&_ramfs_start + 1);
    for (uint64_t i = 0; i < _ramfs_start.count; i++) {
        if (strncmp(entries[i].name, name, sizeof entries[i].name) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

/* Splits "mount:/name" at the colon, which becomes NUL in the sender's page. */
static const struct ramfs_entry *find_path(char *path, uint64_t size)
{
    if (strnlen(path, size) == size) {
        return NULL;
    }
    char *colon = strchr(path, ':');
    if (colon == NULL || colon == path || colon[1] == 0) {
        return NULL;
    }
    *colon = 0;
    const char *name = colon + 1;
    while (*name == '/') {
        name++;
    }
    return find(name);
}

/* The data replaces the request in its page. */
static uint64_t load(uint64_t size)
{
    if (size < 10) {
        return 0;
    }
    struct file_request *request = (struct file_request *)window;
    const struct ramfs_entry *file = find_path(request->path, size - 4);
    if (file == NULL || request->offset >= file->length) {
        return 0;
    }
    const uint64_t left = file->length - request->offset;
    const uint64_t count = left < PAGE ? left : PAGE;
    memcpy(window, (const uint8_t *)file + file->start + request->offset, count);
    return count;
}

static uint64_t handle(uint64_t tag, uint64_t size)
{
    if (tag == FILE_SIZE) {
        const struct ramfs_entry *file = find_path((char *)window, size);
        return file != NULL ? file->length : 0;
    }
    return tag == FILE_LOAD ? load(size) : 0;
}

void ramfs_thread(void)
{
    if (_ramfs_start.magic != 0x0101ca75 || _ramfs_start.version != 10) {
        anos_kprint("ramfs: this is none\n");
    }
    for (;;) {
        uint64_t tag, size;
        const struct result message = anos_recv_message(ramfs_channel, &tag, &size, window);
        if (message.type == OK) {
            anos_reply_message(message.value, handle(tag, size));
        }
    }
}
