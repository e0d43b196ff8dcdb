/*
 * The process protocol, on the channel named "SYSTEM::PROCESS" (anos-abi 8.5).
 *
 *   PROCESS_SPAWN  body: struct spawn_request -> the new process's pid
 *   PROCESS_START  body: struct process_start -> the new process's pid, and in slot 0 of the
 *                  reply to a send_transfer a capability to it (OBSERVE, KILL)
 *
 * PROCESS_SPAWN: behind the 12 bytes of the header come `capability_count` pairs,
 * unaligned, then `argument_count` strings with NUL, one behind the other; the first is
 * the path of the program. The message's size counts four bytes more than
 * that: SPAWN_BYTES. The new process has class NORMAL and gets, for each pair,
 * a capability derived from the sender's; a cookie of 0 stays 0. A program
 * that has an entry in the boot config gets none of the calls that are not in
 * it: their cookies are 0.
 *
 * PROCESS_START, which is ours, has an environment as well: "NAME=value" strings behind the
 * arguments. They lie on the new process's stack behind the arguments' strings, and slot
 * ANOS_CAP_ENVIRONMENT has the address of an array of pointers to them, NULL at its end.
 * The size counts every byte once. What an entry of the boot config does not have is
 * withheld as above, but streams and directories are not its business.
 *
 * A refusal is a negative number, which arrives as ANOS_OK with a huge value,
 * so test `(int64_t)value > 0`. Those from -20 on are ours.
 *
 * Whose manifest lists PROCESS_CONTROL has another capability to the channel, and through
 * that only:
 *
 *   PROCESS_LIST   body: u64, 0 or the `next` of the answer before
 *                  -> bytes of the struct process_listing in the page
 *   PROCESS_KILL   body: u64, a pid -> 1, or 0 if no process that SYSTEM started has it
 *
 * They are about processes that SYSTEM started; the last PROCESS_ENDED_MAX that have ended
 * are among them. Through the named channel they are SPAWN_UNKNOWN_TAG, as are other tags.
 *
 * A program that SYSTEM restarts has a third one, in slot ANOS_CAP_SUPERVISOR (supervised.h):
 *
 *   PROCESS_GENERATION                      -> how many times it has been started
 *   PROCESS_CHANNEL  body: u64, 0 to 33     -> the channel with this number, to receive on
 *   PROCESS_MEMORY   body: u64, bytes       -> the memory object that it has, zeros at first
 *   PROCESS_KEEP     body: struct process_keep; cookie 0: no longer -> 1
 *   PROCESS_KEPT     body: u64, a key       -> the capability that was kept, or 0
 *
 * The same channels, memory and capabilities are its successor's.

 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stddef.h>
#include <stdint.h>

#define PROCESS_NAME "SYSTEM::PROCESS"
#define SPAWN_ARGUMENTS_MAX 64
#define SPAWN_CAPABILITIES_MAX 32
#define START_CAPABILITIES_MAX 64
#define START_ENVIRONMENT_MAX 64
#define PROCESS_ENDED_MAX 16
#define PROCESS_PATH_BYTES 96 /* a longer path is cut */

enum process_tag {
    PROCESS_SPAWN = 1,
    PROCESS_START = 2,
    PROCESS_LIST = 3,
    PROCESS_KILL = 4,
    PROCESS_GENERATION = 5,
    PROCESS_CHANNEL = 6,
    PROCESS_MEMORY = 7,
    PROCESS_KEEP = 8,
    PROCESS_KEPT = 9,
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

struct process_start {
    uint64_t stack_bytes; /* rounded up to a page */
    uint16_t argument_count;
    uint16_t capability_count;
    uint16_t environment_count;
    uint16_t reserved_14;
    struct capability_pair capabilities[]; /* then the arguments, then the environment */
};

/*
 * A process: its path, when it was started, how far it is (ANOS_END_...), its exit status,
 * and what it was started with: bit s % 64 of slots[s / 64] is that of slot s.
 */
struct process_entry {
    uint64_t pid;
    uint64_t started_ns; /* since the machine was switched on */
    uint32_t end;
    uint32_t status;
    uint64_t slots[2];
    char path[PROCESS_PATH_BYTES];
};

#define PROCESS_ENTRIES_MAX 28 /* of an answer */

/* Processes by pid, from the one that was asked for on. */
struct process_listing {
    uint64_t next; /* what to ask for then; 0: these were the last */
    uint32_t count;
    uint32_t reserved_12;
    struct process_entry entries[];
};

struct process_keep {
    uint64_t key; /* not 0 */
    uint64_t cookie;
};

/* The size of the message for so many pairs and bytes of strings. */
#define SPAWN_BYTES(capability_count, string_bytes) \
    (16 + sizeof(struct capability_pair) * (capability_count) + (string_bytes))

_Static_assert(sizeof(struct capability_pair) == 16, "capability_pair");
_Static_assert(offsetof(struct spawn_request, argument_count) == 8, "argument_count");
_Static_assert(offsetof(struct spawn_request, capabilities) == 12, "capabilities");
_Static_assert(offsetof(struct process_start, capabilities) == 16, "capabilities");
_Static_assert(sizeof(struct process_entry) == 136, "process_entry");
_Static_assert(offsetof(struct process_listing, entries) == 16, "entries");

#endif
