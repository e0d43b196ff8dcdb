/*
 * The boot config, `boot:/boot.cfg`: the packer checked it, so reading it is
 * indexing (<anos/boot_config.h>). An entry's capabilities are its manifest.
 */
#include "boot.h"

#include "loader.h"
#include "mounts.h"
#include "path.h"
#include "ramfs.h"
#include "supervisor.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define POLL_NS UINT64_C(10000000)
#define WAIT_POLLS_MAX 2000 /* 20 s */

/* The config, or NULL if there is none of our version. */
static const struct anos_boot_config *find_config(void)
{
    const struct ramfs_file file = ramfs_find(ANOS_BOOT_CONFIG_PATH);
    const struct anos_boot_config *const config = (const struct anos_boot_config *)file.data;
    if (config == NULL || file.bytes < sizeof *config || config->magic != ANOS_BOOT_MAGIC ||
        config->version != ANOS_BOOT_VERSION ||
        config->entry_bytes != sizeof config->entries[0] ||
        config->entry_count > (file.bytes - sizeof *config) / sizeof config->entries[0]) {
        return NULL;
    }
    return config;
}

/* Do two paths name the same file, however many slashes they have? */
static bool same_file(const char *a, const char *b)
{
    const size_t mount_bytes = path_mount_bytes(a);
    const char *const name_a = path_in_mount(a);
    const char *const name_b = path_in_mount(b);
    return name_a != NULL && name_b != NULL && mount_bytes == path_mount_bytes(b) &&
           memcmp(a, b, mount_bytes) == 0 && strcmp(name_a, name_b) == 0;
}

uint32_t boot_rights(const struct anos_boot_entry *manifest, uint64_t id)
{
    for (uint32_t i = 0; i < manifest->capability_count; i++) {
        if (manifest->capabilities[i] == id) {
            return manifest->may_delegate[i] ? ANOS_ALL_RIGHTS
                                             : ANOS_ALL_RIGHTS & ~ANOS_RIGHT_GRANT;
        }
    }
    return 0;
}

const struct anos_boot_entry *boot_manifest(const char *path)
{
    const struct anos_boot_config *const config = find_config();
    for (uint32_t i = 0; config != NULL && i < config->entry_count; i++) {
        if (same_file(config->entries[i].path, path)) {
            return &config->entries[i];
        }
    }
    return NULL;
}

const struct anos_boot_entry *boot_entry(uint32_t index)
{
    const struct anos_boot_config *const config = find_config();
    return config != NULL && index < config->entry_count ? &config->entries[index] : NULL;
}

/* Wait until a mount is there; false if it does not come. */
static bool wait_for(const char *mount)
{
    for (int poll = 0; mounts_find(mount) == 0; poll++) {
        if (poll == WAIT_POLLS_MAX) {
            return false;
        }
        anos_task_sleep_current(POLL_NS);
    }
    return true;
}

static void start(const struct anos_boot_entry *entry)
{
    char strings[sizeof entry->path + sizeof entry->arguments];
    const size_t path_bytes = strlen(entry->path) + 1;
    memcpy(strings, entry->path, path_bytes);
    memcpy(strings + path_bytes, entry->arguments, entry->argument_bytes);

    struct capability_pair capabilities[ANOS_CAPABILITY_SLOTS];
    uint32_t rights[ANOS_CAPABILITY_SLOTS];
    loader_own(capabilities, rights, entry);
    const struct program program = {
        .values = { .argument_count = 1 + entry->argument_count,
                    .capability_count = entry->capability_count,
                    .string_bytes = path_bytes + entry->argument_bytes,
                    .strings = strings,
                    .capabilities = capabilities },
        .rights = rights,
        .stack_bytes = entry->stack_bytes,
        .thread_class = (uint8_t)entry->thread_class,
    };
    const int64_t pid = supervisor_start(&program);
    if (pid > 0) {
        printf("boot: %s is process %lld\n", entry->name, (long long)pid);
    }
}

void boot_run(void)
{
    const struct anos_boot_config *const config = find_config();
    if (config == NULL) {
        printf("boot: there is no %s to say what to start\n", ANOS_BOOT_CONFIG_PATH);
        return;
    }
    printf("boot: found %s\n", ANOS_BOOT_CONFIG_PATH);
    for (uint32_t i = 0; i < config->entry_count; i++) {
        const struct anos_boot_entry *const entry = &config->entries[i];
        if (entry->on_request) {
            continue;
        }
        if (entry->wait_for[0] != '\0' && !wait_for(entry->wait_for)) {
            printf("boot: %s is not started, because '%s' did not appear within 20 s\n",
                   entry->name, entry->wait_for);
            continue;
        }
        start(entry);
    }
}
