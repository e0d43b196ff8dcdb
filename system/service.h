/* Services: threads that answer the messages of one channel each. */
#ifndef SERVICE_H
#define SERVICE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a client sent. The first `bytes` of `page` are its message, the whole
 * page is shared with the client, which may write it at any time: copy, then
 * test. A client may say a size and send no page; the page is then our own.
 */
struct service_message {
    uint64_t cookie;
    uint64_t tag;
    size_t bytes;
    void *page;
};

/* Returns the reply; 0 arrives as ANOS_FAILURE. */
typedef uint64_t service_handler(const struct service_message *message);

/* Receive at `window`, a page of our own, and answer; returns when the channel is gone. */
void service_run(uint64_t channel, void *window, service_handler *handle);

/* The stack of a service's thread, in bytes. */
#define STACK_BYTES 0x10000

/*
 * Have all of the calling thread's stack from now on. SYSTEM must not end because there is no
 * frame for another page of a stack.
 */
void service_own_stack(void);

/* SYSTEM's services: what a thread starts with. The argument is the channel. */
void *ramfs_serve(void *channel);
void *vfs_serve(void *channel);
void *process_serve(void *channel);

#endif
