/*
 * Opens handles on disk0:, which is empty, and does what they allow and what they do
 * not; mounts one, and gives one to a child that has no other way to any file. Under
 * `bearer` there are none.
 */
#include "check.h"
#include "file_client.h"
#include "vfs.h"

static char page[PAGE] __attribute__((aligned(PAGE)));
static uint64_t disk;

static int64_t open_handle(uint64_t from, const char *path, uint32_t rights, uint64_t *handle)
{
    return file_open(from, path, rights, handle, page);
}

static bool holds(uint64_t from, const char *path, const char *text)
{
    const size_t bytes = strlen(text);
    return file_read(from, path, 0, page) == (int64_t)bytes && memcmp(page, text, bytes) == 0;
}

static int64_t put(uint64_t from, const char *path, const char *text)
{
    return file_write(from, path, 0, text, strlen(text), page);
}

static void prepare(void)
{
    file_make_directory(disk, "disk0:/docs", page);
    file_make_directory(disk, "disk0:/docs/sub", page);
    file_create(disk, "disk0:/docs/a.txt", page);
    put(disk, "disk0:/docs/a.txt", "a");
    file_create(disk, "disk0:/secret", page);
    CHECK("the files are there", put(disk, "disk0:/secret", "secret") == 6);
}

static void check_directory(void)
{
    uint64_t docs, again, narrow;
    CHECK("a directory", open_handle(disk, "disk0:/docs", 0, &docs) == 0);
    CHECK("the same again", open_handle(disk, "disk0://docs/", FILE_MAY_READ | FILE_MAY_WRITE,
                                        &again) == 0 && again == docs);
    CHECK("a file in it", holds(docs, "a.txt", "a") && holds(docs, "/a.txt", "a"));
    CHECK("any mount in front", holds(docs, "whatever:/a.txt", "a"));
    CHECK("itself", file_stat(docs, "", page) == 0 && file_list(docs, "", 0, page) == 0 &&
                        ((const struct file_listing *)page)->count == 2);
    CHECK("nothing outside", file_stat(docs, "secret", page) == FILE_NOT_FOUND &&
                                 file_stat(docs, "../secret", page) == FILE_NOT_FOUND &&
                                 file_stat(docs, "disk0:/secret", page) == FILE_NOT_FOUND &&
                                 file_stat(docs, "disk0:/docs/a.txt", page) == FILE_NOT_FOUND);
    CHECK("changes", file_create(docs, "b", page) == 0 && put(docs, "b", "bb") == 2 &&
                         file_rename(docs, "b", "sub/b", page) == 0 &&
                         holds(disk, "disk0:/docs/sub/b", "bb") &&
                         file_sync(docs, "", page) == 0);
    CHECK("itself stays", file_remove_directory(docs, "", page) == FILE_BAD_REQUEST &&
                              file_rename(docs, "/", "x", page) == FILE_BAD_REQUEST &&
                              file_rename(docs, "a.txt", "", page) == FILE_BAD_REQUEST &&
                              file_make_directory(docs, "", page) == FILE_EXISTS);
    CHECK("a handle by a handle",
          open_handle(docs, "sub", FILE_MAY_READ, &narrow) == 0 && holds(narrow, "b", "bb"));
    CHECK("it only reads", put(narrow, "b", "x") == FILE_PROTECTED &&
                               file_create(narrow, "c", page) == FILE_PROTECTED &&
                               file_remove(narrow, "b", page) == FILE_PROTECTED);
    CHECK("rights only shrink",
          open_handle(narrow, "b", FILE_MAY_WRITE, &again) == FILE_PROTECTED &&
              open_handle(narrow, "b", 4, &again) == FILE_BAD_REQUEST &&
              open_handle(narrow, "b", 0, &again) == 0 &&
              put(again, "", "x") == FILE_PROTECTED);
    CHECK("not there", open_handle(docs, "none", 0, &again) == FILE_NOT_FOUND);
}

static uint64_t ask_size(uint64_t handle, const char *path)
{
    strcpy(page, path);
    return anos_send_message(handle, FILE_SIZE, strlen(path) + 1, page).value;
}

static void check_file(void)
{
    uint64_t reading, writing;
    CHECK("a file", open_handle(disk, "disk0:/docs/a.txt", FILE_MAY_READ, &reading) == 0 &&
                        holds(reading, "", "a"));
    CHECK("to write only", open_handle(disk, "disk0:/docs/a.txt", FILE_MAY_WRITE, &writing) == 0 &&
                               put(writing, "", "AAA") == 3 &&
                               file_read(writing, "", 0, page) == FILE_PROTECTED &&
                               file_stat(writing, "", page) == 0);
    CHECK("the other sees it", holds(reading, "", "AAA"));
    CHECK("nothing is in a file", file_stat(reading, "a", page) == FILE_NOT_A_DIRECTORY);
    CHECK("it cannot be removed by itself",
          file_remove(writing, "", page) == FILE_BAD_REQUEST);
    CHECK("Anos's requests", ask_size(reading, "") == 3 && ask_size(reading, "x:/") == 3 &&
                                 ask_size(writing, "") == 0);
    struct file_load *const load = (struct file_load *)page;
    *load = (struct file_load){ .offset = 1 };
    gives("Anos's loader", anos_send_message(reading, FILE_LOAD, 26, page), 2);
    struct file_query_size *const query = (struct file_query_size *)page;
    *query = (struct file_query_size){ .kind = 0 };
    gives("Anos's size", anos_send_message(reading, FILE_QUERY_SIZE, 5, page), 16);
    CHECK("Anos's size is right", ((const struct file_size_answer *)page)->bytes == 3);
    struct file_load_page *const load_page = (struct file_load_page *)page;
    *load_page = (struct file_load_page){ .page_count = 1 };
    gives("Anos's page", anos_send_message(reading, FILE_LOAD_PAGE, 25, page), 8 + 3);
    *load_page = (struct file_load_page){ .page_count = 1 };
    gives("not to be read", anos_send_message(writing, FILE_LOAD_PAGE, 25, page), 8);
    CHECK("by its error", ((const struct file_page_answer *)page)->error == FILE_ANSWER_ERROR);
    anos_drop(reading);
    CHECK("dropped", file_read(reading, "", 0, page) == FILE_NO_ANSWER);
}

static bool mount(enum vfs_tag tag, const char *prefix, uint64_t channel)
{
    struct vfs_mount request = { .channel = channel };
    strcpy(request.prefix, prefix);
    memcpy(page, &request, sizeof request);
    const uint64_t vfs = anos_find_named_channel(VFS_NAME).value;
    return anos_send_message(vfs, tag, sizeof request, page).type == ANOS_OK;
}

static void check_mount(void)
{
    uint64_t docs;
    open_handle(disk, "disk0:/docs", FILE_MAY_READ, &docs);
    CHECK("a mount of a handle", mount(VFS_REGISTER, "docs:", docs));
    const uint64_t found = file_system("docs:/a.txt", page);
    CHECK("a path by it", found != 0 && found != docs && holds(found, "docs:/a.txt", "AAA"));
    CHECK("nothing outside it", file_stat(found, "docs:/secret", page) == FILE_NOT_FOUND);
    CHECK("with its rights", put(found, "docs:/a.txt", "x") == FILE_PROTECTED);
    CHECK("a mount is undone", mount(VFS_UNREGISTER, "docs:", docs) &&
                                   file_system("docs:/a.txt", page) == 0);
    CHECK("who found it still has it", holds(found, "docs:/a.txt", "AAA"));
}

/* A child that was given a directory and nothing else to send to. */
static void reads_one(const uint64_t *arguments)
{
    const bool good = holds(arguments[0], "a.txt", "AAA") &&
                      file_stat(arguments[0], "../secret", page) == FILE_NOT_FOUND;
    anos_send_message(arguments[1], good ? 1 : 2, 0, NULL);
}

static void check_child(void)
{
    uint64_t docs, tag = 0;
    const uint64_t line = anos_create_channel().value;
    open_handle(disk, "disk0:/docs", FILE_MAY_READ, &docs);
    start_child("reads_one", reads_one, docs, line);
    anos_reply_message(anos_recv_message(line, &tag, NULL, NULL).value, 1);
    CHECK("a child with one directory", tag == 1);
}

/* More than the server has places for, one after the other and at once. */
static void check_many(void)
{
    char name[16];
    uint64_t handle, kept[300];
    int opened = 0;
    file_make_directory(disk, "disk0:/many", page);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "disk0:/many/%d", i);
        file_create(disk, name, page);
        if (open_handle(disk, name, 0, &handle) == 0 && put(handle, "", name) > 0) {
            opened++;
        }
        anos_drop(handle);
    }
    CHECK("many one after the other", opened == 300);
    int64_t answer = 0;
    for (opened = 0; opened < 300 && answer == 0; opened++) {
        snprintf(name, sizeof name, "disk0:/many/%d", opened);
        answer = open_handle(disk, name, 0, &kept[opened]);
    }
    opened--;
    CHECK("many at once", answer == FILE_NO_SPACE && opened > 200);
    snprintf(name, sizeof name, "disk0:/many/%d", opened);
    anos_drop(kept[0]);
    CHECK("one goes, another comes", open_handle(disk, name, 0, &handle) == 0);
    CHECK("each is its own", holds(kept[7], "", "disk0:/many/7") && holds(handle, "", name));
    for (int i = 1; i < opened; i++) {
        anos_drop(kept[i]);
    }
}

int main(void)
{
    uint64_t handle;
    disk = file_system("disk0:/", page);
    prepare();
    if (is_bearer()) {
        CHECK("no handles", open_handle(disk, "disk0:/docs", 0, &handle) == FILE_NO_HANDLES);
    } else {
        check_directory();
        check_file();
        check_mount();
        check_child();
        check_many();
    }
    file_sync(disk, "disk0:", page);
    finish();
    anos_power(ANOS_POWER_OFF, 0);
    return 0;
}
