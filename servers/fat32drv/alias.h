/*
 * New names: whether FAT can hold one, its short name, and the entries that
 * carry it (FAT specification 6 and 7).
 */
#ifndef ALIAS_H
#define ALIAS_H

#include "name.h"

#define ALIAS_BYTES 11
#define ALIAS_TRIES 1000000 /* short names that can be made for one long one */
#define NAME_FLAGS_BYTE 12  /* of an entry: NT's bits for lower case */

/* A name in the forms that a directory needs. */
struct new_name {
    uint16_t units[NAME_LONG_UNITS];
    uint32_t unit_count;
    uint32_t parts;             /* entries before the short one; 0: it is the short one */
    uint8_t alias[ALIAS_BYTES]; /* padded, no tail yet if there are parts */
    uint8_t flags;              /* NT's bits for lower case */
};

/*
 * Take a name in UTF-8 apart. False if FAT cannot have it: empty, longer than 255
 * UTF-16 units, with a character that is forbidden, not UTF-8, or with a dot or a
 * space at its end.
 */
bool new_name_make(struct new_name *name, const char *text);

/* Write the short name number `number`, from 1 on, of a name with parts. */
void new_name_alias(const struct new_name *name, uint32_t number, uint8_t alias[ALIAS_BYTES]);

/* Write the entry of part `part`, from 1 on, for the name's alias. */
void new_name_part(const struct new_name *name, uint32_t part, uint8_t entry[NAME_ENTRY_BYTES]);

#endif
