/*
 * kterminal: the kernel's log on the framebuffer (anos-abi 9.6). It has no font:
 * a character's cell shows the bits of its code as eight bars.
 */
#include "anos.h"
#include "libc.h"

enum { CELL_WIDTH = 8, CELL_HEIGHT = 16, CELLS_MAX = 16384, BANNER_ROWS = 3 };
enum { BANNER_COLOUR = 0x20, TEXT_COLOUR = 0x07 };
static uint32_t *const pixels = (uint32_t *)0x500000000;
static const uint32_t colours[16] = {
    0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa, 0xaa5500, 0xaaaaaa,
    0x555555, 0x5555ff, 0x55ff55, 0x55ffff, 0xff5555, 0xff55ff, 0xffff55, 0xffffff,
};

static struct framebuffer screen;
static uint16_t cells[CELLS_MAX]; /* colour << 8 | character */
static unsigned columns, rows, column, row;
static char log_text[PAGE];

static void draw_cell(unsigned x, unsigned y)
{
    const uint16_t cell = cells[y * columns + x];
    const uint32_t front = colours[cell >> 8 & 0xf], back = colours[cell >> 12];
    const unsigned code = (cell & 0xff) == ' ' ? 0 : cell & 0xff;
    for (unsigned line = 0; line < CELL_HEIGHT; line++) {
        uint32_t *at = pixels + (size_t)(y * CELL_HEIGHT + line) * (screen.pitch / 4);
        at += (size_t)x * CELL_WIDTH;
        const bool bar = line >= 2 && line < 14;
        for (unsigned bit = 0; bit < CELL_WIDTH; bit++) {
            at[bit] = bar && code >> (7 - bit) & 1 ? front : back;
        }
    }
}

static void put_cell(unsigned x, unsigned y, char character, uint8_t colour)
{
    const uint16_t cell = (uint16_t)(colour << 8 | (uint8_t)character);
    if (cells[y * columns + x] != cell) {
        cells[y * columns + x] = cell;
        draw_cell(x, y);
    }
}

static void scroll(void)
{
    for (unsigned y = BANNER_ROWS; y + 1 < rows; y++) {
        for (unsigned x = 0; x < columns; x++) {
            const uint16_t below = cells[(y + 1) * columns + x];
            put_cell(x, y, (char)below, (uint8_t)(below >> 8));
        }
    }
    for (unsigned x = 0; x < columns; x++) {
        put_cell(x, rows - 1, ' ', TEXT_COLOUR);
    }
}

static void new_line(void)
{
    column = 0;
    if (row + 1 < rows) {
        row++;
    } else {
        scroll();
    }
}

static void put_character(char character)
{
    if (character == '\n') {
        new_line();
        return;
    }
    if (column == columns) {
        new_line();
    }
    put_cell(column++, row, character, TEXT_COLOUR);
}

static void draw_banner(const char *text)
{
    const unsigned length = (unsigned)strlen(text), begin = (columns - length) / 2;
    for (unsigned y = 0; y < BANNER_ROWS; y++) {
        for (unsigned x = 0; x < columns; x++) {
            const bool inside = y == 1 && x >= begin && x < begin + length;
            put_cell(x, y, inside ? text[x - begin] : ' ', BANNER_COLOUR);
        }
    }
}

int main(void)
{
    printf("\nkterminal #f0re1gn [libanos #f0re1gn]\n");
    if (anos_get_framebuffer_phys(&screen).type != OK) {
        printf("kterminal: there is no framebuffer\n");
        return 1;
    }
    const uint64_t size = (uint64_t)screen.height * screen.pitch;
    const struct result mapped =
        anos_map_physical(screen.physical, (uintptr_t)pixels, size, READ | WRITE);
    if (mapped.type != OK) {
        printf("kterminal: the framebuffer cannot be mapped: %ld\n", mapped.type);
        return 1;
    }
    columns = screen.width / CELL_WIDTH;
    rows = screen.height / CELL_HEIGHT;
    if (columns * rows > CELLS_MAX) {
        rows = CELLS_MAX / columns;
    }
    memset(pixels, 0, size);
    draw_banner("kterminal #f0re1gn");
    row = BANNER_ROWS;
    for (;;) {
        const struct result read = anos_read_kernel_log(log_text, sizeof log_text, 0);
        for (uint64_t i = 0; read.type == OK && i < read.value; i++) {
            put_character(log_text[i]);
        }
    }
}
