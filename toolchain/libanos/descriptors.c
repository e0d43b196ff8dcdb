/* The table of descriptors. */
#include "descriptors.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/resource.h>

static struct open_file *table[DESCRIPTORS_MAX];
static struct open_file reserved; /* a descriptor that will have its file soon */
static bool has_standard;
static volatile int table_lock[1];

static void lock_table(void)
{
    __lock(table_lock);
    if (!has_standard) {
        for (int i = 0; i < 3; i++) {
            table[i] = &__anos_standard[i];
        }
        has_standard = true;
    }
}

/* The file of a descriptor; the table is locked. */
static struct open_file *at(int descriptor)
{
    const bool is_one = descriptor >= 0 && descriptor < DESCRIPTORS_MAX;
    struct open_file *const file = is_one ? table[descriptor] : NULL;
    return file == &reserved ? NULL : file;
}

HIDDEN struct open_file *__anos_get(int descriptor)
{
    lock_table();
    struct open_file *const file = at(descriptor);
    if (file != NULL) {
        file->references++;
    }
    __unlock(table_lock);
    return file;
}

HIDDEN void __anos_put(struct open_file *file)
{
    lock_table();
    const int left = --file->references;
    __unlock(table_lock);
    if (left == 0 && file->kind->close != NULL) {
        file->kind->close(file);
    }
}

HIDDEN int __anos_new_descriptor(struct open_file *file, int lowest)
{
    int found = -EMFILE;
    lock_table();
    for (int i = lowest; i < DESCRIPTORS_MAX && found < 0; i++) {
        if (table[i] == NULL) {
            table[i] = file != NULL ? file : &reserved;
            found = i;
        }
    }
    __unlock(table_lock);
    return found;
}

HIDDEN void __anos_set_descriptor(int descriptor, struct open_file *file)
{
    lock_table();
    table[descriptor] = file;
    __unlock(table_lock);
}

HIDDEN long __anos_close(int descriptor)
{
    lock_table();
    struct open_file *const file = at(descriptor);
    if (file != NULL) {
        table[descriptor] = NULL;
    }
    __unlock(table_lock);
    if (file == NULL) {
        return -EBADF;
    }
    __anos_put(file);
    return 0;
}

static long duplicate(int descriptor, int lowest)
{
    if (lowest < 0 || lowest >= DESCRIPTORS_MAX) {
        return -EINVAL;
    }
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    const int copy = __anos_new_descriptor(file, lowest);
    if (copy < 0) {
        __anos_put(file);
    }
    return copy;
}

HIDDEN long __anos_dup(int descriptor)
{
    return duplicate(descriptor, 0);
}

HIDDEN long __anos_dup_to(int descriptor, int target, int may_be_same)
{
    if (target < 0 || target >= DESCRIPTORS_MAX) {
        return -EBADF;
    }
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    if (target == descriptor) {
        __anos_put(file);
        return may_be_same ? target : -EINVAL;
    }
    lock_table();
    struct open_file *const old = table[target];
    if (old != &reserved) {
        table[target] = file;
    }
    __unlock(table_lock);
    if (old == &reserved) {
        __anos_put(file);
        return -EBUSY;
    }
    if (old != NULL) {
        __anos_put(old);
    }
    return target;
}

/* Descriptors are not passed on, so FD_CLOEXEC says nothing. */
HIDDEN long __anos_fcntl(int descriptor, int command, long argument)
{
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) {
        return duplicate(descriptor, (int)argument);
    }
    struct open_file *const file = __anos_get(descriptor);
    if (file == NULL) {
        return -EBADF;
    }
    long answer = 0;
    switch (command) {
    case F_GETFD:
    case F_SETFD:
        break;
    case F_GETFL:
        answer = file->flags;
        break;
    case F_SETFL:
        file->flags = (file->flags & ~O_APPEND) | (int)(argument & O_APPEND);
        break;
    default:
        answer = -EINVAL;
    }
    __anos_put(file);
    return answer;
}

HIDDEN long __anos_limit(int resource, void *limits)
{
    struct rlimit *const limit = limits;
    if (limit != NULL) {
        limit->rlim_cur = resource == RLIMIT_NOFILE ? DESCRIPTORS_MAX : RLIM_INFINITY;
        limit->rlim_max = limit->rlim_cur;
    }
    return 0;
}
