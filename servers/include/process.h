/*
 * The spawn protocol, on the channel named "SYSTEM::PROCESS" (anos-abi 8.5).
 *
 *   PROCESS_SPAWN  body: struct spawn_request -> the new process's pid
 *
 * Behind the 12 bytes of the header come `capability_count` pairs, unaligned,
 * then `argument_count` strings with NUL, one behind the other; the first is
 * the path of the program. The message's size counts four bytes more than
 * that: SPAWN_BYTES. The new process has class NORMAL and gets, for each pair,
 * a capability derived from the sender's; a cookie of 0 stays 0. A program
 * that has an entry in the boot config gets none of the calls that are not in
 * it: their cookies are 0.
 *
 * A refusal is a negative number, which arrives as ANOS_OK with a huge value,
 * so test `(int64_t)value > 0`. Those from -20 on are ours.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stddef.h>
#include <stdint.h>

#define PROCESS_NAME "SYSTEM::PROCESS"
#define SPAWN_ARGUMENTS_MAX 64
#define SPAWN_CAPABILITIES_MAX 32

enum process_tag {
    PROCESS_SPAWN = 1,
};

enum spawn_error {
    SPAWN_TOO_SHORT = -1,        /* a message of less than 16 bytes */
    SPAWN_CAPABILITIES_CUT = -2, /* fewer pairs than announced */
    SPAWN_ARGUMENTS_CUT = -3,    /* fewer strings than announced, or no path */
    SPAWN_ARGUMENT_CUT = -4,     /* a string without its NUL; also a stack of a bad size */
    SPAWN_TOO_MANY = -10,        /* of arguments or capabilities */
    SPAWN_NO_FILE = -20,         /* no such mount or file, or it cannot be read */
    SPAWN_NOT_EXECUTABLE = -21,  /* it is no program for this machine */
    SPAWN_NO_MEMORY = -22,
    SPAWN_NOT_HELD = -23,        /* the sender does not hold one of the cookies */
    SPAWN_BUSY = -24,            /* too many programs wait for filesystems that do not answer */
    SPAWN_UNKNOWN_TAG = -999,
};

struct capability_pair {
    uint64_t id;
    uint64_t cookie;
} __attribute__((packed));

struct spawn_request {
    uint64_t stack_bytes; /* rounded up to a page */
    uint16_t argument_count;
    uint16_t capability_count;
    struct capability_pair capabilities[];
} __attribute__((packed));

/* The size of the message for so many pairs and bytes of strings. */
#define SPAWN_BYTES(capability_count, string_bytes) \
    (16 + sizeof(struct capability_pair) * (capability_count) + (string_bytes))

_Static_assert(sizeof(struct capability_pair) == 16, "capability_pair");
_Static_assert(offsetof(struct spawn_request, argument_count) == 8, "argument_count");
_Static_assert(offsetof(struct spawn_request, capabilities) == 12, "capabilities");

#endif
