/*
 * Open files, as the descriptors of a program name them.
 *
 * Several descriptors may name one (dup). It lives as long as one of them does, or a call
 * that is at it. What it is, is its kind: a program links the kinds that it can open.
 */
#ifndef ANOS_DESCRIPTORS_H
#define ANOS_DESCRIPTORS_H

#include "span.h"

#define DESCRIPTORS_MAX 256

struct open_file;

struct file_kind {
    /* Move what can be moved from `position` on: bytes, or a negative errno if that is none. */
    long (*read)(struct open_file *file, struct span *to, int64_t position);
    long (*write)(struct open_file *file, struct span *from, int64_t position);
    /* Its bytes now, or a negative errno. NULL: it has no positions. */
    int64_t (*size)(struct open_file *file);
    /* Nobody names it any more. NULL: that does not matter. */
    void (*close)(struct open_file *file);
};

struct open_file {
    const struct file_kind *kind;
    int flags;            /* as open() had them: O_ACCMODE, O_APPEND ... */
    int references;       /* descriptors, and calls that are at it */
    volatile int lock[1]; /* held while `position` must not change */
    int64_t position;
};

/* musl's own locks: they cost nothing while there is one thread. */
HIDDEN void __lock(volatile int *);
HIDDEN void __unlock(volatile int *);

/* The file of a descriptor, which stays until __anos_put; NULL if there is none. */
HIDDEN struct open_file *__anos_get(int descriptor);
HIDDEN void __anos_put(struct open_file *file);

/*
 * The lowest free descriptor for `file` (NULL: nothing yet, but it is not free any more),
 * or -EMFILE. A descriptor's file counts as one reference, which the caller has made.
 */
HIDDEN int __anos_new_descriptor(struct open_file *file, int lowest);

/* Put a file where there was nothing yet, or with NULL make the descriptor free again. */
HIDDEN void __anos_set_descriptor(int descriptor, struct open_file *file);

/* Descriptors 0, 1 and 2 at the start. */
HIDDEN extern struct open_file __anos_standard[3];

#endif
