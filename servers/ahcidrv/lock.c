/*
 * A lock whose waiters sleep in the kernel until it is theirs.
 *
 * Who finds it in use sends a message, and waits for the answer as every sender
 * does; who releases it and sees a waiter receives that message and answers. A
 * waiter that has been counted but has not sent yet is no problem: the release
 * waits for it. There is one release at a time, since nobody else has the lock
 * before the answer. Without contention there is no system call.
 */
#include "lock.h"

#include <anos/abi.h>

bool lock_make(struct lock *lock)
{
    const struct anos_result channel = anos_create_channel();
    *lock = (struct lock){ .channel = channel.value };
    return channel.type == ANOS_OK;
}

void lock_take(struct lock *lock)
{
    if (__atomic_fetch_add(&lock->users, 1, __ATOMIC_ACQUIRE) > 0) {
        anos_send_message(lock->channel, 0, 0, NULL);
    }
}

void lock_release(struct lock *lock)
{
    if (__atomic_fetch_sub(&lock->users, 1, __ATOMIC_RELEASE) > 1) {
        const struct anos_result waiter = anos_recv_message(lock->channel, NULL, NULL, NULL);
        anos_reply_message(waiter.value, 1);
    }
}
