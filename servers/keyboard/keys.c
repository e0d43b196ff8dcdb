/* A US keyboard: the characters of each key, and the sequences of those that have none. */
#include "keys.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { KEY_A = 0x04, KEY_1 = 0x1e, KEY_SLASH = 0x38, KEY_HOME = 0x4a, KEY_UP = 0x52,
       LEFT_CONTROL = 0xe0, LEFT_SHIFT = 0xe1, LEFT_ALT = 0xe2, RIGHT_SIDE = 4 };

#define LETTER_COUNT 26
#define CONTROL_MASK 0x1f
#define ESCAPE '\x1b'

/* From KEY_1 on: digits, Enter, Escape, Backspace, Tab, space, punctuation; 0: no such key. */
static const char plain[] = "1234567890\n\x1b\x7f\t -=[]\\\0;'`,./";
static const char shifted[] = "!@#$%^&*()\n\x1b\x7f\t _+{}|\0:\"~<>?";

/* From KEY_HOME on: Home, Page Up, Delete, End, Page Down, Right, Left, Down, Up. */
static const char *const sequences[] = { "\x1b[H",  "\x1b[5~", "\x1b[3~", "\x1b[F", "\x1b[6~",
                                         "\x1b[C", "\x1b[D",  "\x1b[B",  "\x1b[A" };

/* Which modifier a key is, if it is one. */
static bool *find_modifier(struct modifiers *modifiers, uint8_t usage)
{
    switch (usage >= LEFT_CONTROL + RIGHT_SIDE ? usage - RIGHT_SIDE : usage) {
    case LEFT_CONTROL:
        return &modifiers->control;
    case LEFT_SHIFT:
        return &modifiers->shift;
    case LEFT_ALT:
        return &modifiers->alt;
    default:
        return NULL;
    }
}

static char find_character(const struct modifiers *modifiers, uint8_t usage)
{
    if (usage >= KEY_A && usage < KEY_A + LETTER_COUNT) {
        return (char)((modifiers->shift ? 'A' : 'a') + usage - KEY_A);
    }
    if (usage >= KEY_1 && usage <= KEY_SLASH) {
        return modifiers->shift ? shifted[usage - KEY_1] : plain[usage - KEY_1];
    }
    return '\0';
}

void keys_type(struct modifiers *modifiers, uint8_t usage, bool pressed,
               char typed[KEYS_BYTES_MAX])
{
    bool *const modifier = find_modifier(modifiers, usage);
    typed[0] = '\0';
    if (modifier != NULL) {
        *modifier = pressed;
        return;
    }
    if (!pressed) {
        return;
    }
    if (usage >= KEY_HOME && usage <= KEY_UP) {
        strcpy(typed, sequences[usage - KEY_HOME]);
        return;
    }
    char character = find_character(modifiers, usage);
    if (modifiers->control && character >= '@' && character != '\x7f') {
        character &= CONTROL_MASK;
    }
    if (character != '\0') {
        const char text[] = { ESCAPE, character, '\0' };
        strcpy(typed, modifiers->alt ? text : text + 1);
    }
}
