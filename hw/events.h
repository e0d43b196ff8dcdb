/*
 * A stream of events as records of 64-bit words, and its packed form.
 *
 * A record is (kind, time, field...); how many fields a kind has stands in
 * `field_counts`. Two kinds are the stream's own: PLACE (kind, cpu + 1) says where
 * the following happens, TEXT (kind, id, bytes, ceil(bytes / 8) words) gives an id to
 * a string.
 *
 * Packed, a record is its kind in one byte, then a varint a word, whose two lowest bits
 * say what the others are: the difference to the same word of the last record of that
 * kind (the time: of any kind), zigzag; the word itself; where the word stands among
 * those seen lately; or nothing, and the word follows in 8 bytes. Large numbers come
 * back often (cookies), differences are small. A TEXT's bytes follow as they are.
 *
 * The kernel adds its words to a Python list; the CPUs add records of calls, results,
 * switches and most waits themselves (vcpu.c), which costs them a few nanoseconds. Each of those
 * remembers how long the list was by then, which puts all into one order. A time of 0
 * in the list is that of the record before it: of the call that is being handled.
 */
#ifndef HW_EVENTS_H
#define HW_EVENTS_H

#include <stdint.h>

enum { KINDS_MAX = 64, FIELDS_MAX = 12, SEEN_MAX = 256 };
enum event_kind { PLACE = 1, TEXT = 2, CALL = 4, RESULT = 5, SWITCH = 6, BLOCK = 8 };

struct trap_record {
    uint64_t position; /* in the kernel's words */
    uint64_t words[9]; /* kind, time, thread, fields */
};

/* Of CPython's stable interface; the caller holds its lock whenever we are called. */
struct list_functions {
    intptr_t (*size)(void *list);
    void *(*item)(void *list, intptr_t index);
    int (*set_slice)(void *list, intptr_t begin, intptr_t end, void *items);
    unsigned long long (*as_word)(void *number);
};

struct events {
    struct list_functions python;
    void *list; /* the kernel's words */
    uint64_t *words, word_room;
    uint8_t field_counts[KINDS_MAX];
    uint64_t last_time, last[KINDS_MAX][FIELDS_MAX], seen[SEEN_MAX];
    struct trap_record *traps;
    uint64_t trap_count, trap_room;
    uint8_t *out; /* what has been packed, or unpacked last */
    uint64_t out_used, out_room;
    uint64_t failed; /* a record had not the fields of its kind */
};

/* A record to be filled, or NULL if there is no memory for it. */
struct trap_record *add_trap(struct events *events);

/* Pack if there is much to be packed. */
void pack_if_many(struct events *events);

#endif
