/*
 * A stream of events as records of 64-bit words, and its packed form.
 *
 * A record is (kind, time, field...); how many fields a kind has stands in
 * `field_counts`. Two kinds are the stream's own: PLACE (kind, cpu + 1) says where
 * the following happens, TEXT (kind, id, bytes, ceil(bytes / 8) words) gives an id to
 * a string. Packed, a record is its kind in one byte, then each word as the difference
 * to the same word of the last record of that kind (the time: of any kind), as a
 * zigzag varint; a TEXT's bytes follow as they are.
 *
 * The CPUs add records of calls, results and switches themselves (vcpu.c): they cost
 * a few nanoseconds so. Each remembers how many words the kernel had added by then,
 * which puts all into one order.
 */
#ifndef HW_EVENTS_H
#define HW_EVENTS_H

#include <stdint.h>

enum { KINDS_MAX = 64, FIELDS_MAX = 12 };
enum event_kind { PLACE = 1, TEXT = 2, CALL = 4, RESULT = 5, SWITCH = 6 };

struct trap_record {
    uint64_t position; /* in the kernel's words */
    uint64_t words[9]; /* kind, time, thread, fields */
};

struct events {
    uint8_t field_counts[KINDS_MAX];
    uint64_t last_time, last[KINDS_MAX][FIELDS_MAX];
    struct trap_record *traps;
    uint64_t trap_count, trap_room;
    uint8_t *out; /* what pack or unpack returned last */
    uint64_t out_used, out_room;
};

/* A record to be filled, or NULL if there is no memory for it. */
struct trap_record *add_trap(struct events *events, uint64_t position);

#endif
