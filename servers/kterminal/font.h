/* An 8 by 16 bitmap font of printable ASCII. */
#ifndef FONT_H
#define FONT_H

#include <stdint.h>

#define FONT_COLUMNS 8
#define FONT_ROWS 16
#define FONT_FIRST ' '
#define FONT_LAST '~'

/* Each glyph's rows from the top; a row's leftmost pixel is its highest bit. */
extern const uint8_t font[FONT_LAST - FONT_FIRST + 1][FONT_ROWS];

#endif
