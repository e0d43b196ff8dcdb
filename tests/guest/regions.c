/* Calls 18 and 19: regions, and the pages that appear in them (anos-abi 5.2, 5.5). */
#include "check.h"

#define AREA UINT64_C(0x600000000)
#define AUTOMAP ANOS_REGION_AUTOMAP

static volatile uint64_t *at(uint64_t address)
{
    return (volatile uint64_t *)address;
}

int main(void)
{
    is("1.8/18 create", anos_create_region(AREA, AREA + 4 * PAGE, AUTOMAP), ANOS_OK);
    const uint64_t before = free_memory();
    CHECK("5.2 a page that is read is zero", *at(AREA) == 0);
    CHECK("5.2 reading costs no frame", free_memory() == before);
    *at(AREA) = 1;
    CHECK("5.2 a page that was read can be written", *at(AREA) == 1
          && free_memory() == before - PAGE);
    *at(AREA + PAGE) = 2;
    CHECK("5.2 a page that is written appears", *at(AREA + PAGE) == 2);
    CHECK("5.2 each write costs a frame", free_memory() == before - 2 * PAGE);
    is("14/4 the kernel's writes make pages appear as well",
       anos_get_mem_info((void *)(AREA + 3 * PAGE - 8)), ANOS_OK);
    CHECK("14/4 both of them", *at(AREA + 3 * PAGE - 8) != 0 && *at(AREA + 3 * PAGE) != 0);

    is("1.8/18 unaligned start is BADARGS", anos_create_region(AREA + 1, AREA + PAGE, AUTOMAP),
       ANOS_BADARGS);
    is("1.8/18 unaligned end is BADARGS", anos_create_region(AREA, AREA + 1, AUTOMAP),
       ANOS_BADARGS);
    is("1.8/18 empty is BADARGS", anos_create_region(AREA, AREA, AUTOMAP), ANOS_BADARGS);
    is("1.8/18 backwards is BADARGS", anos_create_region(AREA + PAGE, AREA, AUTOMAP), ANOS_BADARGS);
    is("1.8/18 start at 2^63 is BADARGS",
       anos_create_region(ANOS_REGION_END, ANOS_REGION_END + PAGE, AUTOMAP), ANOS_BADARGS);
    is("1.8/18 end above 2^63 is BADARGS",
       anos_create_region(ANOS_REGION_END - PAGE, ANOS_REGION_END + PAGE, AUTOMAP), ANOS_BADARGS);
    is("1.8/18 end at 2^63",
       anos_create_region(ANOS_REGION_END - PAGE, ANOS_REGION_END, AUTOMAP), ANOS_OK);
    is("1.8/18 a region beyond user addresses maps nothing",
       anos_get_mem_info((void *)(ANOS_REGION_END - PAGE)), ANOS_BADARGS);

    is("5.5 overlap and extend", anos_create_region(AREA + 2 * PAGE, AREA + 8 * PAGE, AUTOMAP),
       ANOS_OK);
    *at(AREA + 7 * PAGE) = 3;
    CHECK("5.5 the extension is there", *at(AREA + 7 * PAGE) == 3 && *at(AREA) == 1);
    is("1.8/18 adjacent", anos_create_region(AREA + 8 * PAGE, AREA + 9 * PAGE, AUTOMAP), ANOS_OK);
    is("1.8/18 the same again", anos_create_region(AREA, AREA + 9 * PAGE, AUTOMAP), ANOS_OK);
    is("1.8/18 without AUTOMAP", anos_create_region(AREA + 16 * PAGE, AREA + 20 * PAGE, 0),
       ANOS_OK);
    is("1.8/18 nothing appears there", anos_get_mem_info((void *)(AREA + 17 * PAGE)), ANOS_BADARGS);

    is("1.8/19 another start destroys nothing", anos_destroy_region(AREA + PAGE), ANOS_OK);
    *at(AREA + 6 * PAGE) = 4;
    is("1.8/19 destroy", anos_destroy_region(AREA), ANOS_OK);
    CHECK("1.8/19 pages stay", *at(AREA) == 1 && *at(AREA + 7 * PAGE) == 3);
    is("1.8/19 no new ones appear", anos_get_mem_info((void *)(AREA + 5 * PAGE)), ANOS_BADARGS);
    is("1.8/19 destroy again", anos_destroy_region(AREA), ANOS_OK);
    is("1.8/19 unaligned is BADARGS", anos_destroy_region(AREA + 1), ANOS_BADARGS);
    is("1.8/19 2^63 is BADARGS", anos_destroy_region(ANOS_REGION_END), ANOS_BADARGS);

    const uint64_t full = free_memory();
    is("1.8/17 unmap what appeared", anos_unmap_virtual(16 * PAGE, AREA), ANOS_OK);
    CHECK("1.8/17 frames come back", free_memory() > full);
    return finish();
}
