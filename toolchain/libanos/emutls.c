/*
 * Thread-local variables, by a function: what -femulated-tls makes of _Thread_local.
 *
 * Programs have no thread pointer in a register (libc/pthread_arch.h), so each access
 * asks here. A variable gets a number when it is first used; each thread has a table
 * from numbers to its own copies, which it makes when it first uses them and which go
 * with it.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_ROOM 16 /* more entries than needed when a table grows */
#define ROUNDS 2      /* of ending in which other destructors may still use variables */

/* What the compiler makes of a variable (GCC's emutls.c calls it __emutls_object). */
struct variable {
    size_t bytes;
    size_t alignment;
    uintptr_t number;    /* from 1 on; 0: not used so far */
    const void *initial; /* NULL: zeros */
};

struct table {
    size_t room;
    int rounds_left;
    void *copies[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static uintptr_t last_number;

static void free_table(void *argument)
{
    struct table *const table = argument;
    if (table->rounds_left-- > 0) {
        pthread_setspecific(key, table);
        return;
    }
    for (size_t i = 0; i < table->room; i++) {
        free(table->copies[i]);
    }
    free(table);
}

static void make_key(void)
{
    if (pthread_key_create(&key, free_table) != 0) {
        abort();
    }
}

static uintptr_t number_of(struct variable *variable)
{
    uintptr_t number = __atomic_load_n(&variable->number, __ATOMIC_ACQUIRE);
    if (number == 0) {
        pthread_once(&once, make_key);
        pthread_mutex_lock(&lock);
        number = variable->number;
        if (number == 0) {
            number = ++last_number;
            __atomic_store_n(&variable->number, number, __ATOMIC_RELEASE);
        }
        pthread_mutex_unlock(&lock);
    }
    return number;
}

static struct table *grow(struct table *old, size_t needed)
{
    const size_t room = needed + TABLE_ROOM;
    const size_t old_room = old == NULL ? 0 : old->room;
    struct table *const table = realloc(old, sizeof *table + room * sizeof table->copies[0]);
    if (table == NULL) {
        abort(); /* the language has no way to say that a variable cannot be had */
    }
    memset(&table->copies[old_room], 0, (room - old_room) * sizeof table->copies[0]);
    table->room = room;
    table->rounds_left = ROUNDS;
    pthread_setspecific(key, table);
    return table;
}

static void *make_copy(const struct variable *variable)
{
    void *copy = NULL;
    const size_t alignment =
        variable->alignment < sizeof(void *) ? sizeof(void *) : variable->alignment;
    if (posix_memalign(&copy, alignment, variable->bytes) != 0) {
        abort();
    }
    if (variable->initial == NULL) {
        memset(copy, 0, variable->bytes);
    } else {
        memcpy(copy, variable->initial, variable->bytes);
    }
    return copy;
}

/* The calling thread's copy of a variable; compiled code calls this. */
void *__emutls_get_address(struct variable *variable)
{
    const uintptr_t number = number_of(variable);
    struct table *table = pthread_getspecific(key);
    if (table == NULL || table->room < number) {
        table = grow(table, number);
    }
    void **const copy = &table->copies[number - 1];
    if (*copy == NULL) {
        *copy = make_copy(variable);
    }
    return *copy;
}
