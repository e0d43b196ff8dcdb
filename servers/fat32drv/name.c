/* Short names are in code page 850, long ones in UTF-16; out comes UTF-8. */
#include "name.h"

#include "bytes.h"
#include "utf8.h"

#include <string.h>

#define LAST_PART 0x40
#define LOWER_BASE 0x08
#define LOWER_EXTENSION 0x10
#define BASE_BYTES 8
#define SHORT_BYTES 11
#define KANJI_E5 0x05 /* stands for 0xe5, which would say that the entry is deleted */

/* Code page 850 from 0x80 on: the usual one where names are not ASCII. */
static const uint16_t code_page[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00f8, 0x00a3, 0x00d8, 0x00d7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x00ae, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2, 0x00c0, 0x00a9, 0x2563, 0x2551, 0x2557,
    0x255d, 0x00a2, 0x00a5, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x00e3, 0x00c3,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x00a4, 0x00f0, 0x00d0, 0x00ca, 0x00cb,
    0x00c8, 0x0131, 0x00cd, 0x00ce, 0x00cf, 0x2518, 0x250c, 0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580,
    0x00d3, 0x00df, 0x00d4, 0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe, 0x00de, 0x00da, 0x00db, 0x00d9,
    0x00fd, 0x00dd, 0x00af, 0x00b4, 0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6, 0x00a7, 0x00f7, 0x00b8,
    0x00b0, 0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2, 0x25a0, 0x00a0,
};

/* Write the characters of a padded field, in lower case if asked; answers behind the last one. */
static char *put_field(char *at, const uint8_t *field, size_t bytes, bool lower)
{
    while (bytes > 0 && field[bytes - 1] == ' ') {
        bytes--;
    }
    for (size_t i = 0; i < bytes; i++) {
        uint32_t point = field[i] < 0x80 ? field[i] : code_page[field[i] - 0x80];
        if (point < 0x20 || point == '/' || point == 0x7f) {
            point = '_'; /* no name has these: a damaged entry, but one that can be named */
        }
        at = utf8_put(at, lower ? utf8_fold(point) : point);
    }
    return at;
}

void name_from_short(char name[NAME_SHORT_BYTES], const uint8_t entry[NAME_ENTRY_BYTES])
{
    uint8_t field[SHORT_BYTES];
    memcpy(field, entry, sizeof field);
    if (field[0] == KANJI_E5) {
        field[0] = 0xe5;
    }
    const uint8_t flags = entry[12];
    char *const base = put_field(name, field, BASE_BYTES, flags & LOWER_BASE);
    *base = '.';
    char *const end = put_field(base + 1, field + BASE_BYTES, SHORT_BYTES - BASE_BYTES,
                                flags & LOWER_EXTENSION);
    *(end == base + 1 ? base : end) = '\0';
}

void name_from_label(char name[NAME_SHORT_BYTES], const uint8_t label[11])
{
    *put_field(name, label, SHORT_BYTES, false) = '\0';
}

uint8_t name_checksum(const uint8_t *name)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < SHORT_BYTES; i++) {
        sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
    }
    return sum;
}

bool long_name_begins(const uint8_t entry[NAME_ENTRY_BYTES])
{
    return entry[0] & LAST_PART;
}

void long_name_add(struct long_name *collected, const uint8_t entry[NAME_ENTRY_BYTES])
{
    static const uint8_t places[NAME_PART_UNITS] = { 1,  3,  5,  7,  9,  14, 16,
                                                     18, 20, 22, 24, 28, 30 };
    const uint32_t part = entry[0] & ~(uint32_t)LAST_PART;
    if (entry[0] & LAST_PART) {
        collected->parts = collected->missing = part <= NAME_LONG_PARTS ? part : 0;
        collected->checksum = entry[13];
    }
    if (collected->missing == 0 || part != collected->missing ||
        entry[13] != collected->checksum) {
        collected->parts = collected->missing = 0;
        return;
    }
    collected->missing--;
    uint16_t *const units = collected->units + (part - 1) * NAME_PART_UNITS;
    for (size_t i = 0; i < NAME_PART_UNITS; i++) {
        units[i] = get16(entry + places[i]);
    }
}

/* UTF-16 up to its NUL as UTF-8; false if a character is none that a name can have. */
static bool decode(char name[NAME_LONG_BYTES], const uint16_t *units, size_t count)
{
    char *at = name;
    for (size_t i = 0; i < count && units[i] != 0; i++) {
        uint32_t point = units[i];
        if (i >= NAME_LONG_UNITS || point < 0x20 || point == '/') {
            return false;
        }
        if ((point & 0xfc00) == 0xd800 && i + 1 < count && (units[i + 1] & 0xfc00) == 0xdc00) {
            point = 0x10000 + ((point & 0x3ff) << 10) + (units[++i] & 0x3ff);
        }
        at = utf8_put(at, point);
    }
    *at = '\0';
    return at > name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool long_name_take(struct long_name *collected, const uint8_t entry[NAME_ENTRY_BYTES],
                    char name[NAME_LONG_BYTES])
{
    const uint32_t parts = collected->parts;
    collected->parts = 0;
    return parts > 0 && collected->missing == 0 && collected->checksum == name_checksum(entry) &&
           decode(name, collected->units, parts * NAME_PART_UNITS);
}
