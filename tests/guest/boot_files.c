/*
 * boot: through our own requests: its list, its files, and that nothing can be
 * changed; through handles, too. The host knows what the files are.
 */
#include "check.h"
#include "file_client.h"

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t boot;

/* Every file of the list has its facts and can be read to its end. */
static int count_files(uint64_t filesystem, const char *path)
{
    static char listing[PAGE];
    int count = 0;
    uint64_t position = 0;
    do {
        if (file_list(filesystem, path, position, page) != 0) {
            return -1;
        }
        memcpy(listing, page, sizeof listing);
        const struct file_listing *const list = (const struct file_listing *)listing;
        const struct file_entry *entry = (const struct file_entry *)list->entries;
        for (uint32_t i = 0; i < list->count; i++, entry = file_entry_behind(entry)) {
            char name[64];
            uint64_t bytes = 0;
            snprintf(name, sizeof name, "%s%s", path, entry->name);
            for (int64_t got; (got = file_read(filesystem, name, bytes, page)) > 0;) {
                bytes += (uint64_t)got;
            }
            count += bytes == entry->bytes && file_stat(filesystem, name, page) == 0 &&
                     ((const struct file_entry *)page)->bytes == bytes;
        }
        position = list->next;
    } while (position != 0);
    return count;
}

static void check_changes(uint64_t filesystem, const char *name)
{
    CHECK("no changes", file_create(filesystem, "boot:/new", page) == FILE_PROTECTED &&
                            file_write(filesystem, name, 0, "x", 1, page) == FILE_PROTECTED &&
                            file_truncate(filesystem, name, 0, page) == FILE_PROTECTED &&
                            file_rename(filesystem, name, "boot:/n", page) == FILE_PROTECTED &&
                            file_remove(filesystem, name, page) == FILE_PROTECTED &&
                            file_make_directory(filesystem, "boot:/d", page) == FILE_PROTECTED &&
                            file_set_time(filesystem, name, 1, page) == FILE_PROTECTED);
    CHECK("nothing to be synced", file_sync(filesystem, "boot:", page) == 0);
}

static void check_handles(int files)
{
    uint64_t root, text, none;
    if (is_bearer()) {
        CHECK("no handles", file_open(boot, "boot:", 0, &root, page) == FILE_NO_HANDLES);
        return;
    }
    CHECK("a handle on all", file_open(boot, "boot:", 0, &root, page) == 0 &&
                                 count_files(root, "") == files);
    CHECK("one on a file", file_open(root, "text", FILE_MAY_READ, &text, page) == 0 &&
                               file_read(text, "", 4999, page) == 1);
    CHECK("none to write", file_open(root, "text", FILE_MAY_WRITE, &none, page) == FILE_PROTECTED);
    strcpy(page, "");
    gives("Anos's request by a handle", anos_send_message(text, FILE_SIZE, 1, page), 5000);
    memset(page, 0, sizeof page);
    gives("and another", anos_send_message(text, FILE_QUERY_SIZE, 5, page), 16);
    check_changes(root, "text");
}

int main(void)
{
    boot = file_system("boot:/", page);
    const int files = count_files(boot, "boot:/");
    printf("files %d\n", files);
    CHECK("the root is a directory",
          file_stat(boot, "boot:/", page) == 0 &&
              ((const struct file_entry *)page)->attributes & FILE_DIRECTORY);
    CHECK("a file is none", file_list(boot, "boot:/text", 0, page) == FILE_NOT_A_DIRECTORY &&
                                file_stat(boot, "boot:/text/x", page) == FILE_NOT_A_DIRECTORY &&
                                file_stat(boot, "boot:/text/", page) == FILE_NOT_A_DIRECTORY);
    CHECK("not there", file_stat(boot, "boot:/none", page) == FILE_NOT_FOUND &&
                           file_list(boot, "boot:/a name of 16 xy", 0, page) == FILE_NOT_FOUND);
    CHECK("a directory is no file", file_read(boot, "boot:", 0, page) == FILE_IS_A_DIRECTORY);
    CHECK("any offset", file_read(boot, "boot:/text", 1000, page) == 4000 &&
                            (uint8_t)page[0] == (uint8_t)(1000 * 7) &&
                            file_read(boot, "boot:/text", UINT64_MAX, page) == 0);
    check_changes(boot, "boot:/text");
    check_handles(files);
    return finish();
}
