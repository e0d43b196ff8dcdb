/* Unicode as far as file names need it. */
#include "utf8.h"

#include <stddef.h>
#include <string.h>

char *utf8_put(char *at, uint32_t point)
{
    if (point < 0x80) {
        *at++ = (char)point;
        return at;
    }
    if ((point & 0xfffff800) == 0xd800 || point > 0x10ffff) {
        point = UTF8_REPLACEMENT;
    }
    if (point < 0x800) {
        *at++ = (char)(0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            *at++ = (char)(0xe0 | point >> 12);
        } else {
            *at++ = (char)(0xf0 | point >> 18);
            *at++ = (char)(0x80 | (point >> 12 & 0x3f));
        }
        *at++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *at++ = (char)(0x80 | (point & 0x3f));
    return at;
}

uint32_t utf8_get(const char **at)
{
    const uint8_t *const bytes = (const uint8_t *)*at;
    const size_t count = bytes[0] < 0x80   ? 1
                         : bytes[0] < 0xc2 ? 0
                         : bytes[0] < 0xe0 ? 2
                         : bytes[0] < 0xf0 ? 3
                         : bytes[0] < 0xf5 ? 4
                                           : 0;
    static const uint32_t smallest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t point = count == 1 ? bytes[0] : bytes[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            *at += 1;
            return UTF8_REPLACEMENT;
        }
        point = point << 6 | (bytes[i] & 0x3f);
    }
    if (count == 0 || point < smallest[count] || point > 0x10ffff ||
        (point & 0xfffff800) == 0xd800) {
        *at += 1;
        return UTF8_REPLACEMENT;
    }
    *at += count;
    return point;
}

uint32_t utf8_fold(uint32_t point)
{
    if ((point >= 'A' && point <= 'Z') || (point >= 0xc0 && point <= 0xde && point != 0xd7) ||
        (point >= 0x391 && point <= 0x3ab && point != 0x3a2) ||
        (point >= 0x410 && point <= 0x42f)) {
        return point + 0x20;
    }
    if (point >= 0x400 && point <= 0x40f) {
        return point + 0x50;
    }
    /* Where capital and small letter take turns. */
    if ((point >= 0x100 && point <= 0x137 && point != 0x130 && point != 0x131) ||
        (point >= 0x14a && point <= 0x177) || (point >= 0x460 && point <= 0x481) ||
        (point >= 0x48a && point <= 0x4bf) || (point >= 0x4d0 && point <= 0x52f)) {
        return point | 1;
    }
    if ((point >= 0x139 && point <= 0x148) || (point >= 0x179 && point <= 0x17e) ||
        (point >= 0x4c1 && point <= 0x4ce)) {
        return point + (point & 1);
    }
    switch (point) {
    case 0x178:
        return 0xff;
    case 0x386:
        return 0x3ac;
    case 0x388:
    case 0x389:
    case 0x38a:
        return point + 0x25;
    case 0x38c:
        return 0x3cc;
    case 0x38e:
    case 0x38f:
        return point + 0x3f;
    case 0x3c2: /* sigma at a word's end */
        return 0x3c3;
    case 0x4c0:
        return 0x4cf;
    default:
        return point;
    }
}

bool utf8_equal(const char *a, const char *b)
{
    for (;;) {
        const uint32_t left = utf8_get(&a), right = utf8_get(&b);
        if (utf8_fold(left) != utf8_fold(right)) {
            return false;
        }
        if (left == 0) {
            return true;
        }
    }
}
