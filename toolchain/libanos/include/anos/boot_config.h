/*
 * boot:/boot.cfg: what SYSTEM starts, in order, and with what.
 *
 * The packer makes it from system/boot.json (toolchain/guest/boot_config.py),
 * already checked, so that reading it is indexing: a header, then
 * `entry_count` records of one size. Strings end with NUL.
 */
#ifndef ANOS_BOOT_CONFIG_H
#define ANOS_BOOT_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define ANOS_BOOT_MAGIC 0x43544f42 /* "BOTC" */
#define ANOS_BOOT_VERSION 4
#define ANOS_BOOT_CONFIG_PATH "boot:/boot.cfg"

enum anos_boot_match {
    ANOS_BOOT_NO_MATCH = 0, /* the program is no driver */
    ANOS_BOOT_MATCH_CLASS = 1,
    ANOS_BOOT_MATCH_DEVICE = 2,
};

/* The PCI functions that a program drives; pcidrv starts it once for each. */
struct anos_boot_driver {
    uint32_t match;        /* enum anos_boot_match */
    uint32_t bar;          /* which one has its registers */
    uint32_t vector_count; /* interrupts that it needs */
    uint16_t vendor;       /* of a match by device */
    uint16_t device;
    uint8_t class_code;    /* of a match by class */
    uint8_t subclass;
    uint8_t interface;
    uint8_t reserved_19;
    uint32_t reserved_20;
    char name[64];         /* of the device, for the log */
};

enum anos_boot_policy {
    ANOS_BOOT_NEVER = 0,
    ANOS_BOOT_ON_CRASH = 1, /* killed, a fault, or a status that is not 0 */
    ANOS_BOOT_ALWAYS = 2,
};

/* What SYSTEM does when a program ends. */
struct anos_boot_restart {
    uint32_t policy;         /* enum anos_boot_policy */
    uint32_t limit;          /* so many ends in `within_ms` are too many */
    uint32_t within_ms;
    uint32_t backoff_ms;     /* before the second restart in that time, doubled for each more ... */
    uint32_t backoff_max_ms; /* ... up to this */
    uint32_t heartbeat_ms;   /* a message must be answered in this time, or (0) at any time */
    uint8_t depends[16];     /* entries, from 1 on, with each of which it is started anew */
};

struct anos_boot_entry {
    char name[64];     /* for the log */
    char path[128];    /* becomes argv[0], e.g. "boot:/devman.elf" */
    char wait_for[32]; /* a mount that must be there first, e.g. "disk0:", or "" */
    uint64_t stack_bytes;      /* a multiple of the page size */
    uint32_t thread_class;     /* ANOS_CLASS_... */
    uint32_t capability_count; /* how many of `capabilities` are used */
    uint8_t capabilities[128]; /* ids of calls and ANOS_CAP_..., in the order of the file */
    uint8_t may_delegate[128]; /* of each: 1 with the right to pass it on, else 0 */
    uint32_t argument_count;   /* strings in `arguments`: argv[1], argv[2] ... */
    uint32_t argument_bytes;   /* their length, with every NUL */
    uint32_t on_request;       /* 1: not started at boot, the entry is a manifest only */
    uint32_t reserved_508;
    char arguments[512];       /* one behind the other */
    struct anos_boot_driver driver;
    struct anos_boot_restart restart;
};

struct anos_boot_config {
    uint32_t magic;
    uint32_t version;
    uint32_t entry_count;
    uint32_t entry_bytes; /* sizeof(struct anos_boot_entry) */
    struct anos_boot_entry entries[];
};

_Static_assert(sizeof(struct anos_boot_driver) == 88, "anos_boot_driver");
_Static_assert(sizeof(struct anos_boot_restart) == 40, "anos_boot_restart");
_Static_assert(sizeof(struct anos_boot_entry) == 1152, "anos_boot_entry");
_Static_assert(sizeof(struct anos_boot_config) == 16, "anos_boot_config");

#endif
