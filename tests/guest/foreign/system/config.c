/*
 * boot:/sysconf.json (anos-abi 8.3): read by asking our own threads, as anybody
 * else would (13.2), then each entry is started in order.
 */
#include "json.h"
#include "libc.h"
#include "system.h"

enum { LIST_MAX = 32, NAME_BYTES = 64 };
static const char path[] = "boot:/sysconf.json";
static char *const buffer = (char *)0x05fff000;

/* Names by call id; a config entry may go on behind the name. */
static const char *const call_names[] = {
    "", "DEBUG_PRINT", "DEBUG_CHAR", "CREATE_THREAD", "MEMSTATS", "SLEEP", "CREATE_PROCESS",
    "MAP_VIRTUAL", "SEND_MESSAGE", "RECV_MESSAGE", "REPLY_MESSAGE", "CREATE_CHANNEL",
    "DESTROY_CHANNEL", "REGISTER_NAMED_CHANNEL", "DEREGISTER_NAMED_CHANNEL", "FIND_NAMED_CHANNEL",
    "KILL_CURRENT_TASK", "UNMAP_VIRTUAL", "CREATE_REGION", "DESTROY_REGION", "MAP_FIRMWARE_TABLES",
    "MAP_PHYSICAL", "ALLOC_PHYSICAL_PAGES", "ALLOC_INTERRUPT_VECTOR", "WAIT_INTERRUPT",
    "READ_KERNEL_LOG", "GET_FRAMEBUFFER_PHYS",
};
static const char *const class_names[] = {"IDLE", "NORMAL", "HIGH", "REALTIME"};

struct entry {
    char name[NAME_BYTES];
    char strings[LIST_MAX][NAME_BYTES]; /* the path, then the arguments */
    unsigned argc, capc;
    uint64_t stack_size;
    uint8_t task_class;
    struct capability pairs[LIST_MAX];
};

/* The whole file as text in memory of its own; NULL if it cannot be had. */
static char *load_config(void)
{
    const struct result vfs = anos_find_named_channel("SYSTEM::VFS");
    anos_map_virtual(PAGE, (uintptr_t)buffer, READ | WRITE);
    memcpy(buffer, path, sizeof path);
    const struct result files = anos_send_message(vfs.value, VFS_FIND, sizeof path, buffer);
    const struct result size = anos_send_message(files.value, FILE_SIZE, sizeof path, buffer);
    char *text = size.type == OK ? malloc(size.value + 1) : NULL;
    uint64_t done = 0;
    while (text != NULL && done < size.value) {
        struct file_request *request = (struct file_request *)buffer;
        request->offset = done;
        memcpy(request->path, path, sizeof path);
        const struct result loaded =
            anos_send_message(files.value, FILE_LOAD, sizeof path + 9, buffer);
        if (loaded.type != OK) {
            text = NULL;
            break;
        }
        memcpy(text + done, buffer, loaded.value);
        done += loaded.value;
    }
    anos_unmap_virtual(PAGE, (uintptr_t)buffer);
    if (text != NULL) {
        text[done] = 0;
        printf("load-config: found %s\n", path);
    }
    return text;
}

static bool add_capability(struct entry *entry, const char *name)
{
    static const char prefix[] = "SYSCALL_";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || entry->capc == LIST_MAX) {
        return false;
    }
    name += sizeof prefix - 1;
    for (unsigned id = 1; id < sizeof call_names / sizeof *call_names; id++) {
        if (strncmp(name, call_names[id], strlen(call_names[id])) == 0) {
            entry->pairs[entry->capc++] = (struct capability){id, __syscall_capabilities[id]};
            return true;
        }
    }
    return false;
}

static bool set_class(struct entry *entry, const char *name)
{
    for (uint8_t i = 0; i < 4; i++) {
        if (strncmp(name, class_names[i], strlen(class_names[i])) == 0) {
            entry->task_class = i;
            return true;
        }
    }
    return false;
}

static bool read_list(struct json *json, struct entry *entry, bool capabilities)
{
    char text[NAME_BYTES];
    bool good = json_take(json, '[');
    while (good && json_string(json, text, sizeof text)) {
        if (capabilities) {
            good = add_capability(entry, text);
        } else if (entry->argc < LIST_MAX) {
            memcpy(entry->strings[entry->argc++], text, sizeof text);
        }
        json_take(json, ',');
    }
    return good && json_take(json, ']');
}

static bool read_entry(struct json *json, struct entry *entry)
{
    char key[NAME_BYTES], text[NAME_BYTES];
    memset(entry, 0, sizeof *entry);
    entry->argc = 1;
    bool good = json_take(json, '{');
    while (good && json_string(json, key, sizeof key) && json_take(json, ':')) {
        if (strncmp(key, "name", sizeof key) == 0) {
            good = json_string(json, entry->name, NAME_BYTES);
        } else if (strncmp(key, "path", sizeof key) == 0) {
            good = json_string(json, entry->strings[0], NAME_BYTES);
        } else if (strncmp(key, "stack_size", sizeof key) == 0) {
            good = json_number(json, &entry->stack_size);
        } else if (strncmp(key, "class", sizeof key) == 0) {
            good = json_string(json, text, sizeof text) && set_class(entry, text);
        } else if (strncmp(key, "capabilities", sizeof key) == 0) {
            good = read_list(json, entry, true);
        } else if (strncmp(key, "arguments", sizeof key) == 0) {
            good = read_list(json, entry, false);
        } else {
            json_skip(json);
        }
        json_take(json, ',');
    }
    return good && json_take(json, '}') && entry->strings[0][0] != 0;
}

static void start_list(struct json *json)
{
    static struct entry entry;
    while (json_take(json, ',') || json_take(json, '[')) {
        if (!read_entry(json, &entry)) {
            printf("load-config: an entry is invalid\n");
            return;
        }
        const char *argv[LIST_MAX];
        for (unsigned i = 0; i < entry.argc; i++) {
            argv[i] = entry.strings[i];
        }
        const int64_t pid = create_server(entry.stack_size, entry.task_class, entry.capc,
                                          entry.pairs, entry.argc, argv);
        if (pid < 0) {
            printf("load-config: %s failed: %ld\n", entry.name, pid);
            return;
        }
        printf("load-config: %s has pid %ld\n", entry.name, pid);
    }
}

void start_boot_servers(void)
{
    char *text = load_config();
    if (text == NULL) {
        printf("load-config: no %s\n", path);
        return;
    }
    struct json json = {text};
    char key[NAME_BYTES];
    json_take(&json, '{');
    while (json_string(&json, key, sizeof key) && json_take(&json, ':')) {
        if (strncmp(key, "boot_servers", sizeof key) == 0) {
            start_list(&json);
            return;
        }
        json_skip(&json);
        json_take(&json, ',');
    }
}
