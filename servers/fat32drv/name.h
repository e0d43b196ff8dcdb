/*
 * Names in a directory, as UTF-8: the short one that every entry has, and the
 * long one in the entries before it (FAT specification 6 and 7).
 */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_ENTRY_BYTES 32
#define NAME_SHORT_BYTES 40 /* 12 characters as UTF-8, with the NUL */
#define NAME_LONG_BYTES 768 /* 255 UTF-16 units as UTF-8, with the NUL */
#define NAME_LONG_UNITS 255
#define NAME_LONG_PARTS 20
#define NAME_PART_UNITS 13

/* A long name while its entries are collected: the last part comes first. */
struct long_name {
    uint32_t missing; /* parts still to come; 0 with `parts` > 0: complete */
    uint32_t parts;   /* 0: none */
    uint8_t checksum; /* of the short name that it belongs to */
    uint16_t units[NAME_LONG_PARTS * NAME_PART_UNITS];
};

/* The short name of an entry, with the lower case that NT keeps in two bits; "" if it is blank. */
void name_from_short(char name[NAME_SHORT_BYTES], const uint8_t entry[NAME_ENTRY_BYTES]);

/* A volume's label, without the spaces at its end. */
void name_from_label(char name[NAME_SHORT_BYTES], const uint8_t label[11]);

/* The checksum of a short name, which each part of its long name repeats (7.2). */
uint8_t name_checksum(const uint8_t *name);

/* Whether an entry that carries a part of a long name is the first of its name. */
bool long_name_begins(const uint8_t entry[NAME_ENTRY_BYTES]);

/* Take an entry that carries a part of a long name. A part out of order drops what was there. */
void long_name_add(struct long_name *collected, const uint8_t entry[NAME_ENTRY_BYTES]);

/*
 * Finish: write the long name that belongs to a short entry and forget it. False
 * if there is none: nothing before the entry, an orphan, or no possible name.
 */
bool long_name_take(struct long_name *collected, const uint8_t entry[NAME_ENTRY_BYTES],
                    char name[NAME_LONG_BYTES]);

#endif
