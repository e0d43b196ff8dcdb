/* One line an entry: size, date, name. */
#include "list.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LINES_MAX 16
#define TEXT_SUFFIX ".TXT"
#define TEXT_FIRST_CHOICE "README.TXT"

static void show(const struct file_entry *entry)
{
    char size[24] = "<dir>", date[32] = "";
    const time_t modified = entry->modified;
    struct tm calendar;
    if (!(entry->attributes & FILE_DIRECTORY)) {
        snprintf(size, sizeof size, "%" PRIu64, entry->bytes);
    }
    if (modified != 0 && gmtime_r(&modified, &calendar) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &calendar);
    }
    printf("%12s  %-16s  %s\n", size, date, entry->name);
}

static bool is_text(const char *name)
{
    const size_t bytes = strlen(name), suffix_bytes = strlen(TEXT_SUFFIX);
    return bytes > suffix_bytes && strcasecmp(name + bytes - suffix_bytes, TEXT_SUFFIX) == 0;
}

static void note(struct findings *found, const struct file_entry *entry)
{
    if (entry->attributes & FILE_DIRECTORY) {
        if (found->directory[0] == '\0') {
            snprintf(found->directory, sizeof found->directory, "%s", entry->name);
        }
    } else if ((found->text[0] == '\0' && is_text(entry->name)) ||
               strcasecmp(entry->name, TEXT_FIRST_CHOICE) == 0) {
        snprintf(found->text, sizeof found->text, "%s", entry->name);
    }
}

int64_t list_show(uint64_t filesystem, const char *path, void *page, struct findings *found)
{
    const struct file_listing *const listing = page;
    uint64_t position = 0, count = 0;
    do {
        const int64_t error = file_list(filesystem, path, position, page);
        if (error != 0) {
            return error;
        }
        const struct file_entry *entry = (const struct file_entry *)listing->entries;
        for (uint32_t i = 0; i < listing->count; i++, entry = file_entry_behind(entry)) {
            if (count++ < LINES_MAX) {
                show(entry);
            }
            if (found != NULL) {
                note(found, entry);
            }
        }
        position = listing->next;
    } while (position != 0);
    if (count > LINES_MAX) {
        printf("%12s  %16s  and %" PRIu64 " more\n", "...", "", count - LINES_MAX);
    } else if (count == 0) {
        printf("%12s\n", "empty");
    }
    return 0;
}
