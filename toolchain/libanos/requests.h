/* Requests of the file protocol (file.h), for a place. Errors are negative errnos. */
#ifndef ANOS_REQUESTS_H
#define ANOS_REQUESTS_H

#include "paths.h"

#include <anos/abi.h>

/* A page for messages, on the stack. The other side sees all of it, so it is cleared. */
#define MESSAGE_PAGE(name) _Alignas(ANOS_PAGE_BYTES) char name[ANOS_PAGE_BYTES] = {0}

/* Send a struct file_request from `page`, where the answer's data come: the reply, at least 1. */
HIDDEN long __anos_ask(const struct place *place, enum file_tag tag, uint64_t position, void *page);

/* Ask for a rename. */
HIDDEN long __anos_ask_rename(const struct place *from, const struct place *to, void *page);

/* Facts about a file or directory, which is then in `page`. */
HIDDEN long __anos_ask_entry(const struct place *place, struct file_entry **entry, void *page);

/* Write a place's path as its filesystem takes it: its bytes with NUL, or 0 for no room. */
HIDDEN size_t __anos_put_path(const struct place *place, char *to, size_t room);

/* Send a request that lies in `page`: the reply, at least 1, or an error. */
HIDDEN long __anos_send(const struct place *place, enum file_tag tag, size_t bytes, void *page);

/*
 * How many times this process has heard that a filesystem was restarted. What it changed
 * before and did not sync may be lost.
 */
HIDDEN unsigned __anos_restarts(void);

#endif
