/* What SYSTEM has taken from its clients, and how often. */
#include "taken.h"

#include <anos/abi.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

struct taken {
    uint64_t cookie;
    uint64_t users;
    struct taken *next;
};

static struct taken *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Where the link to a cookie's entry is, or would be. */
static struct taken **find(uint64_t cookie)
{
    struct taken **link = &all;
    while (*link != NULL && (*link)->cookie != cookie) {
        link = &(*link)->next;
    }
    return link;
}

/* Count one more user; without memory for it the cookie is given up. */
static uint64_t count(uint64_t cookie)
{
    struct taken **const link = find(cookie);
    if (*link == NULL) {
        struct taken *const made = malloc(sizeof *made);
        if (made == NULL) {
            anos_drop(cookie);
            return 0;
        }
        *made = (struct taken){ .cookie = cookie };
        *link = made;
    }
    (*link)->users++;
    return cookie;
}

uint64_t taken_get(uint64_t message, uint64_t cookie, uint64_t rights)
{
    pthread_mutex_lock(&lock);
    const struct anos_result taken = anos_take(message, cookie, rights);
    uint64_t value = taken.type == ANOS_OK ? taken.value : 0;
    if (value != 0 && value != cookie) { /* else it is no copy, but the number that all use */
        value = count(value);
    }
    pthread_mutex_unlock(&lock);
    return value;
}

void taken_share(uint64_t cookie)
{
    pthread_mutex_lock(&lock);
    struct taken *const taken = *find(cookie);
    if (taken != NULL) {
        taken->users++;
    }
    pthread_mutex_unlock(&lock);
}

void taken_put(uint64_t cookie)
{
    pthread_mutex_lock(&lock);
    struct taken **const link = find(cookie);
    struct taken *const taken = *link;
    if (taken != NULL && --taken->users == 0) {
        anos_drop(cookie);
        *link = taken->next;
        free(taken);
    }
    pthread_mutex_unlock(&lock);
}
