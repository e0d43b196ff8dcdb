/* A table of the handles that are open; it is as long as there were at one time. */
#include "handle.h"

#include "file_client.h"

#include <anos/abi.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct counted {
    uint64_t handle;
    unsigned users; /* 0: a place that is free */
} *table;
static unsigned table_count;

/* The place of a handle, or a free one; NULL without memory. */
static struct counted *place(uint64_t handle)
{
    struct counted *free_place = NULL;
    for (unsigned i = 0; i < table_count; i++) {
        if (table[i].users > 0 && table[i].handle == handle) {
            return &table[i];
        }
        free_place = table[i].users == 0 ? &table[i] : free_place;
    }
    if (free_place == NULL) {
        struct counted *const longer = realloc(table, (table_count + 1) * sizeof *longer);
        if (longer == NULL) {
            return NULL;
        }
        table = longer;
        free_place = &table[table_count++];
        free_place->users = 0;
    }
    free_place->handle = handle;
    return free_place;
}

int64_t handle_open(const char *path, uint32_t rights, uint64_t *handle, void *page)
{
    const uint64_t filesystem = file_system(path, page);
    if (filesystem == 0) {
        return FILE_NOT_FOUND;
    }
    pthread_mutex_lock(&lock);
    int64_t error = file_open(filesystem, path, rights, handle, page);
    if (error == 0) {
        struct counted *const counted = place(*handle);
        if (counted != NULL) {
            counted->users++;
        } else {
            anos_drop(*handle);
            error = FILE_NO_ANSWER;
        }
    }
    pthread_mutex_unlock(&lock);
    return error;
}

void handle_close(uint64_t handle)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < table_count; i++) {
        if (table[i].users > 0 && table[i].handle == handle && --table[i].users == 0) {
            anos_drop(handle);
        }
    }
    pthread_mutex_unlock(&lock);
}
