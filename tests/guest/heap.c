/* Much memory: regions that grow to 64 MiB, malloc, and values that stay (anos-abi 5.5). */
#include "check.h"

#include <stdlib.h>

#define AREA UINT64_C(0x600000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

enum { MEBIBYTES = 64, BLOCKS = 256 };

static volatile uint64_t *at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

static void check_growth(void)
{
    const uint64_t before = free_memory();
    bool made = true, zero = true, kept = true;
    for (uint64_t i = 0; i < MEBIBYTES; i++) {
        const uint64_t start = AREA + i * MIB;
        made = made && anos_create_region(start, start + MIB, ANOS_REGION_AUTOMAP).type == ANOS_OK;
        for (uint64_t page = start; page < start + MIB; page += PAGE) {
            zero = zero && *at(page + 8) == 0;
            *at(page) = page;
        }
    }
    CHECK("5.5 a region grows by a mebibyte, to 64", made);
    CHECK("5.2 each page is zero at first", zero);
    const uint64_t used = before - free_memory();
    CHECK("5.2 it costs its pages, and nothing else", used == MEBIBYTES * MIB);
    for (uint64_t page = AREA; page < AREA + MEBIBYTES * MIB; page += PAGE) {
        kept = kept && *at(page) == page;
    }
    CHECK("5.2 each page keeps its own value", kept);
    is("1.8/19 one call destroys all of it", anos_destroy_region(AREA), ANOS_OK);
    is("1.8/17 unmap 64 MiB", anos_unmap_virtual(MEBIBYTES * MIB, AREA), ANOS_OK);
    CHECK("1.8/17 all of it comes back", free_memory() == before);
    is("1.8/18 no memory appears there now", anos_get_mem_info((void *)AREA), ANOS_BADARGS);
}

static void check_both_ends(void)
{
    is("1.8/18 a region", anos_create_region(AREA + MIB, AREA + 2 * MIB, ANOS_REGION_AUTOMAP),
       ANOS_OK);
    is("1.8/18 one before it", anos_create_region(AREA, AREA + MIB, ANOS_REGION_AUTOMAP), ANOS_OK);
    is("1.8/18 one that fills a gap",
       anos_create_region(AREA + 3 * MIB, AREA + 4 * MIB, ANOS_REGION_AUTOMAP), ANOS_OK);
    is("1.8/18 and the gap",
       anos_create_region(AREA + 2 * MIB, AREA + 3 * MIB, ANOS_REGION_AUTOMAP), ANOS_OK);
    is("1.8/19 it has become one region", anos_destroy_region(AREA), ANOS_OK);
    is("1.8/19 with nothing left", anos_get_mem_info((void *)(AREA + 3 * MIB)), ANOS_BADARGS);
    is("1.8/18 the first user page", anos_create_region(0, PAGE, ANOS_REGION_AUTOMAP), ANOS_OK);
    is("1.8/18 appears", anos_get_mem_info(NULL), ANOS_OK);
    anos_destroy_region(0);
    anos_unmap_virtual(PAGE, 0);
    is("1.8/18 the last user page",
       anos_create_region(ANOS_USER_END - PAGE, ANOS_USER_END, ANOS_REGION_AUTOMAP), ANOS_OK);
    is("1.8/18 appears up to its end", anos_get_mem_info((void *)(ANOS_USER_END - 16)), ANOS_OK);
    is("1.8/18 and not beyond", anos_get_mem_info((void *)(ANOS_USER_END - 8)), ANOS_BADARGS);
    anos_destroy_region(ANOS_USER_END - PAGE);
    is("1.8/18 other flags do not join",
       anos_create_region(AREA, AREA + PAGE, ANOS_REGION_AUTOMAP), ANOS_OK);
    anos_create_region(AREA + PAGE, AREA + 2 * PAGE, 0);
    is("1.8/18 each of them is for itself", anos_get_mem_info((void *)(AREA + PAGE - 8)),
       ANOS_BADARGS);
    anos_destroy_region(AREA);
    anos_destroy_region(AREA + PAGE);
    anos_unmap_virtual(2 * PAGE, AREA);
}

static void check_malloc(void)
{
    static uint64_t *blocks[BLOCKS];
    bool got = true, kept = true;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        const uint64_t bytes = 1000 + i * 700;
        blocks[i] = malloc(bytes);
        got = got && blocks[i] != NULL;
        blocks[i][0] = i;
        blocks[i][bytes / 8 - 1] = ~i;
    }
    for (uint64_t i = 0; i < BLOCKS; i++) {
        kept = kept && blocks[i][0] == i && blocks[i][(1000 + i * 700) / 8 - 1] == ~i;
        free(blocks[i]);
    }
    CHECK("5.5 malloc", got);
    CHECK("5.5 no two blocks overlap", kept);
    uint8_t *const large = malloc(48 * MIB);
    CHECK("5.5 one block of 48 MiB", large != NULL);
    large[0] = large[48 * MIB - 1] = 9;
    CHECK("5.5 from its start to its end", large[0] == 9 && large[48 * MIB - 1] == 9
          && large[24 * MIB] == 0);
    free(large);
}

static void check_values(void)
{
    const uint64_t size = 16 * MIB, before = free_memory();
    gives("1.8/7 map 16 MiB", anos_map_virtual(size, AREA, RW), AREA);
    CHECK("1.8/7 which cost no frame yet", free_memory() == before);
    bool kept = true, zero = true;
    for (uint64_t page = AREA; page < AREA + size; page += 4 * PAGE) {
        *at(page + 16) = page;
    }
    for (uint64_t page = AREA; page < AREA + size; page += PAGE) {
        kept = kept && *at(page + 16) == (page % (4 * PAGE) ? 0 : page);
    }
    CHECK("1.8/7 written pages keep their values, others are zero", kept);
    gives("1.8/7 map the middle again", anos_map_virtual(size / 2, AREA + size / 4, RW),
          AREA + size / 4);
    for (uint64_t page = AREA; page < AREA + size; page += 4 * PAGE) {
        const bool middle = page >= AREA + size / 4 && page < AREA + size / 4 * 3;
        zero = zero && *at(page + 16) == (middle ? 0 : page);
    }
    CHECK("1.8/7 it is zero, and around it nothing has changed", zero);
    anos_unmap_virtual(size, AREA);
    CHECK("1.8/17 half and half come back", free_memory() == before);
}

static void check_runs(void)
{
    enum { RUNS = 16 };
    uint64_t runs[RUNS];
    bool apart = true, zero = true;
    for (uint64_t i = 0; i < RUNS; i++) {
        runs[i] = anos_alloc_physical_pages((i + 1) * PAGE).value;
        for (uint64_t k = 0; k < i; k++) {
            apart = apart
                    && (runs[k] + (k + 1) * PAGE <= runs[i] || runs[i] + (i + 1) * PAGE <= runs[k]);
        }
        anos_map_physical(runs[i], AREA + i * MIB, (i + 1) * PAGE, RW);
        for (uint64_t word = 0; word < (i + 1) * PAGE; word += 512) {
            zero = zero && *at(AREA + i * MIB + word) == 0;
            *at(AREA + i * MIB + word) = i;
        }
    }
    CHECK("5.3 sixteen runs do not overlap", apart);
    CHECK("1.8/22 they are zeroed", zero);
    bool kept = true;
    for (uint64_t i = 0; i < RUNS; i++) {
        kept = kept && *at(AREA + i * MIB) == i && *at(AREA + i * MIB + i * PAGE) == i;
    }
    CHECK("5.3 no run changes another", kept);
    is("1.8/22 a wrapping size is FAILURE", anos_alloc_physical_pages(-PAGE), ANOS_FAILURE);
    is("1.8/22 all ones is BADARGS", anos_alloc_physical_pages(-UINT64_C(1)), ANOS_BADARGS);
    is("1.8/22 one byte is BADARGS", anos_alloc_physical_pages(1), ANOS_BADARGS);
    is("1.8/22 2^47 is FAILURE", anos_alloc_physical_pages(ANOS_USER_END), ANOS_FAILURE);
}

int main(void)
{
    /* Printing needs memory, too: have it before it is counted. */
    gives("1.8/7 map a page", anos_map_virtual(PAGE, AREA, RW), AREA);
    is("1.8/17 unmap a page", anos_unmap_virtual(PAGE, AREA), ANOS_OK);
    check_growth();
    check_both_ends();
    check_values();
    check_runs();
    check_malloc();
    return finish();
}
