/* Names on their way into a directory. */
#include "alias.h"

#include "bytes.h"
#include "utf8.h"

#include <stdio.h>
#include <string.h>

#define BASE_BYTES 8
#define EXTENSION_BYTES 3
#define LAST_PART 0x40
#define ATTRIBUTE_LONG_NAME 0x0f
#define LOWER_BASE 0x08
#define LOWER_EXTENSION 0x10
#define PLAIN_TAILS 4 /* "~1" to "~4"; then the name's hash, so that few tries are needed */

static bool is_upper(uint32_t point)
{
    return point >= 'A' && point <= 'Z';
}

static bool is_lower(uint32_t point)
{
    return point >= 'a' && point <= 'z';
}

/* Characters of a short name, in either case (6.1). */
static bool is_short(uint32_t point)
{
    return is_upper(point) || is_lower(point) || (point >= '0' && point <= '9') ||
           (point < 0x80 && point != 0 && strchr("!#$%&'()-@^_`{}~", (int)point) != NULL);
}

static bool is_allowed(uint32_t point)
{
    return point >= 0x20 && point != 0x7f && point != UTF8_REPLACEMENT &&
           (point >= 0x80 || strchr("\"*/:<>?\\|", (int)point) == NULL);
}

/* UTF-8 as UTF-16; false if it cannot be a name. */
static bool encode(struct new_name *name, const char *text)
{
    uint32_t point = 0, count = 0;
    while (*text != '\0') {
        point = utf8_get(&text);
        const uint32_t units = point >= 0x10000 ? 2 : 1;
        if (!is_allowed(point) || count + units > NAME_LONG_UNITS) {
            return false;
        }
        if (units == 2) {
            name->units[count++] = (uint16_t)(0xd800 + ((point - 0x10000) >> 10));
            name->units[count++] = (uint16_t)(0xdc00 + (point & 0x3ff));
        } else {
            name->units[count++] = (uint16_t)point;
        }
    }
    name->unit_count = count;
    return count > 0 && point != ' ' && point != '.';
}

/*
 * Put a stretch of the name into a padded field, as much as fits. False if that is
 * not the same name any more; `*flag` gets `lower` if its letters are all small.
 */
static bool put_field(uint8_t *field, size_t bytes, const uint16_t *units, uint32_t count,
                      uint8_t lower, uint8_t *flag)
{
    bool is_same = count <= bytes, any_upper = false, any_lower = false;
    size_t used = 0;
    memset(field, ' ', bytes);
    for (uint32_t i = 0; i < count && used < bytes; i++) {
        const uint32_t unit = units[i];
        any_upper |= is_upper(unit);
        any_lower |= is_lower(unit);
        if (unit == ' ' || unit == '.') {
            is_same = false;
            continue;
        }
        is_same &= is_short(unit);
        field[used++] = !is_short(unit) ? '_' : is_lower(unit) ? (uint8_t)(unit - 0x20)
                                                               : (uint8_t)unit;
    }
    *flag |= any_lower ? lower : 0;
    return is_same && !(any_upper && any_lower);
}

bool new_name_make(struct new_name *name, const char *text)
{
    memset(name, 0, sizeof *name);
    if (!encode(name, text)) {
        return false;
    }
    uint32_t dot = name->unit_count;
    while (dot > 0 && name->units[dot - 1] != '.') {
        dot--;
    }
    const uint32_t base_count = dot > 1 ? dot - 1 : dot == 1 ? 0 : name->unit_count;
    const uint32_t rest = dot > 1 ? dot : dot == 1 ? 1 : name->unit_count;
    bool is_short_name = base_count > 0;
    is_short_name &= put_field(name->alias, BASE_BYTES, name->units, base_count, LOWER_BASE,
                               &name->flags);
    is_short_name &= put_field(name->alias + BASE_BYTES, EXTENSION_BYTES, name->units + rest,
                               name->unit_count - rest, LOWER_EXTENSION, &name->flags);
    if (!is_short_name) {
        name->flags = 0;
        name->parts = (name->unit_count + NAME_PART_UNITS - 1) / NAME_PART_UNITS;
        if (name->alias[0] == ' ') {
            name->alias[0] = '_';
        }
    }
    return true;
}

/* FNV-1a, folded to 16 bits. */
static uint32_t hash_units(const struct new_name *name)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < name->unit_count; i++) {
        hash = (hash ^ name->units[i]) * 16777619u;
    }
    return (hash ^ hash >> 16) & 0xffff;
}

void new_name_alias(const struct new_name *name, uint32_t number, uint8_t alias[ALIAS_BYTES])
{
    char tail[16], hash[8] = "";
    size_t kept = BASE_BYTES;
    if (number > PLAIN_TAILS) {
        number -= PLAIN_TAILS;
        snprintf(hash, sizeof hash, "%04X", (unsigned)hash_units(name));
        kept = 2;
    }
    size_t used = 0;
    memcpy(alias, name->alias, ALIAS_BYTES);
    while (used < kept && alias[used] != ' ') {
        used++;
    }
    const size_t tail_bytes =
        (size_t)snprintf(tail, sizeof tail, "%s~%u", hash, (unsigned)number);
    if (used + tail_bytes > BASE_BYTES) {
        used = tail_bytes < BASE_BYTES ? BASE_BYTES - tail_bytes : 0;
    }
    memset(alias + used, ' ', BASE_BYTES - used);
    memcpy(alias + used, tail + (tail_bytes > BASE_BYTES ? tail_bytes - BASE_BYTES : 0),
           tail_bytes > BASE_BYTES ? BASE_BYTES : tail_bytes);
}

void new_name_part(const struct new_name *name, uint32_t part, uint8_t entry[NAME_ENTRY_BYTES])
{
    static const uint8_t places[NAME_PART_UNITS] = { 1,  3,  5,  7,  9,  14, 16,
                                                     18, 20, 22, 24, 28, 30 };
    memset(entry, 0, NAME_ENTRY_BYTES);
    entry[0] = (uint8_t)(part | (part == name->parts ? LAST_PART : 0));
    entry[11] = ATTRIBUTE_LONG_NAME;
    entry[13] = name_checksum(name->alias);
    for (uint32_t i = 0; i < NAME_PART_UNITS; i++) {
        const uint32_t at = (part - 1) * NAME_PART_UNITS + i;
        put16(entry + places[i], at < name->unit_count    ? name->units[at]
                                 : at == name->unit_count ? 0
                                                          : 0xffff);
    }
}
