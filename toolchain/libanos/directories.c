/*
 * Listing directories. A listing's page (file.h) has more entries than one call takes, so it
 * stays with the directory that was opened; the position is the number of the next entry.
 */
#include "open_files.h"
#include "status.h"

#include <anos/abi.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    _Alignas(ANOS_PAGE_BYTES) uint8_t page[ANOS_PAGE_BYTES]; /* a struct file_listing */
    bool is_there;  /* there is a page; else nothing has been asked for yet */
    size_t bytes;   /* of the page */
    size_t at;      /* the next entry in it */
    uint32_t left;  /* entries in it from there on */
    int64_t number; /* of the next entry in the directory */
};

/* Get the next page. 1, 0 at the end, or an error. */
static long get_page(const struct disk_file *directory, struct listing *listing)
{
    struct file_listing *const head = (struct file_listing *)listing->page;
    const uint64_t position = listing->is_there ? head->next : 0;
    if (listing->is_there && position == 0) {
        return 0;
    }
    const long answer = __anos_ask(&directory->place, FILE_LIST, position, listing->page);
    if (answer < 0) {
        return answer;
    }
    if (answer < (long)sizeof *head || answer > (long)sizeof listing->page) {
        return -EIO;
    }
    listing->is_there = true;
    listing->bytes = (size_t)answer;
    listing->at = sizeof *head;
    listing->left = head->count;
    return 1;
}

/* The next entry: 1, 0 at the end, or an error. */
static long next_entry(const struct disk_file *directory, struct listing *listing,
                       const struct file_entry **entry)
{
    while (listing->left == 0) {
        const long error = get_page(directory, listing);
        if (error <= 0) {
            return error;
        }
    }
    *entry = (const struct file_entry *)(listing->page + listing->at);
    const size_t room = listing->bytes - listing->at, head = offsetof(struct file_entry, name);
    if (room < head || (*entry)->entry_bytes > room || (*entry)->entry_bytes % 8 != 0 ||
        (*entry)->entry_bytes < head + (*entry)->name_bytes + 1) {
        return -EIO;
    }
    return 1;
}

static void skip_entry(struct listing *listing, const struct file_entry *entry)
{
    listing->at += entry->entry_bytes;
    listing->left--;
    listing->number++;
}

/*
 * Write one entry as struct dirent: its bytes, or 0 if there is no room. A name may be longer
 * than the struct's d_name: it goes on behind.
 */
static size_t put(const struct disk_file *directory, const struct file_entry *entry, int64_t number,
                  char *to, size_t room)
{
    const size_t name_at = offsetof(struct dirent, d_name);
    const size_t bytes = (name_at + entry->name_bytes + 1 + 7) & ~(size_t)7;
    if (bytes > room) {
        return 0;
    }
    struct dirent *const dirent = (struct dirent *)to;
    char *const name = to + name_at;
    *(char *)mempcpy(name, entry->name, entry->name_bytes) = '\0';
    dirent->d_ino = __anos_file_number(directory->path, name);
    dirent->d_off = number + 1;
    dirent->d_reclen = (unsigned short)bytes;
    dirent->d_type = entry->attributes & FILE_DIRECTORY ? DT_DIR : DT_REG;
    return bytes;
}

/* Fill `to` from the position on: the bytes, or an error if there are none. */
static long list(struct disk_file *directory, char *to, size_t room)
{
    struct listing *const listing = directory->listing;
    int64_t *const position = &directory->file.position;
    if (*position < listing->number) {
        listing->is_there = false;
        listing->left = 0;
        listing->number = 0;
    }
    size_t used = 0;
    for (;;) {
        const struct file_entry *entry;
        const long error = next_entry(directory, listing, &entry);
        if (error <= 0) {
            return used > 0 ? (long)used : error;
        }
        if (listing->number >= *position) {
            const size_t bytes = put(directory, entry, listing->number, to + used, room - used);
            if (bytes == 0) {
                return used > 0 ? (long)used : -EINVAL;
            }
            used += bytes;
            *position = listing->number + 1;
        }
        skip_entry(listing, entry);
    }
}

static long list_locked(struct disk_file *directory, char *to, size_t room)
{
    __lock(directory->file.lock);
    if (directory->listing == NULL) {
        directory->listing = aligned_alloc(ANOS_PAGE_BYTES, sizeof(struct listing));
        if (directory->listing != NULL) {
            memset(directory->listing, 0, sizeof(struct listing));
        }
    }
    const long answer = directory->listing != NULL ? list(directory, to, room) : -ENOMEM;
    __unlock(directory->file.lock);
    return answer;
}

HIDDEN long __anos_getdents(int descriptor, void *to, unsigned long bytes)
{
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    struct disk_file *const directory = __anos_disk_file(file);
    const bool is_one = directory != NULL && directory->is_directory;
    const long answer = is_one ? list_locked(directory, to, bytes) : -ENOTDIR;
    __anos_put(file);
    return answer;
}
