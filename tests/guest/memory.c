/* Calls 4, 7, 17, 21 and 22: memory. */
#include "check.h"

#define AREA UINT64_C(0x500000000)
#define RW (ANOS_MAP_READ | ANOS_MAP_WRITE)

static uint8_t two_pages[2 * PAGE] __attribute__((aligned(PAGE)));

static uint64_t *at(uint64_t address)
{
    return (uint64_t *)address;
}

static void check_mem_info(void)
{
    struct anos_mem_info info = {0};
    is("1.8/4 get_mem_info", anos_get_mem_info(&info), ANOS_OK);
    CHECK("1.8/4 free is less than total", info.free_bytes && info.free_bytes < info.total_bytes);
    struct anos_mem_info *across = (void *)(two_pages + PAGE - 5);
    is("1.8/4 across two pages", anos_get_mem_info(across), ANOS_OK);
    CHECK("1.8/4 the same numbers", across->total_bytes == info.total_bytes);
    is("1.8/4 unmapped pointer is BADARGS", anos_get_mem_info(NOWHERE), ANOS_BADARGS);
    is("1.8/4 kernel pointer is BADARGS", anos_get_mem_info(KERNEL_ADDRESS), ANOS_BADARGS);
    is("1.8/4 a structure that ends outside is BADARGS",
       anos_get_mem_info((void *)(ANOS_USER_END - 8)), ANOS_BADARGS);
    is("1.8/4 read-only memory is BADARGS",
       anos_get_mem_info((void *)(uintptr_t)ANOS_PROGRAM_BASE), ANOS_BADARGS);
}

static void check_map(void)
{
    gives("1.8/7 map", anos_map_virtual(2 * PAGE, AREA, RW), AREA);
    CHECK("1.8/7 it is zero", *at(AREA) == 0 && *at(AREA + 2 * PAGE - 8) == 0);
    *at(AREA) = 1;
    CHECK("1.8/7 it keeps what is written", *at(AREA) == 1 && *at(AREA + PAGE) == 0);
    gives("1.8/7 an unaligned base moves up", anos_map_virtual(PAGE, AREA + 0x10001, RW),
          AREA + 0x11000);
    gives("1.8/7 an unaligned size too", anos_map_virtual(PAGE + 1, AREA + 0x20000, RW),
          AREA + 0x20000);
    *at(AREA + 0x21000) = 2;
    gives("1.8/7 map over a mapping", anos_map_virtual(PAGE, AREA, RW), AREA);
    CHECK("1.8/7 is zero again", *at(AREA) == 0);
    gives("1.8/7 read-only", anos_map_virtual(PAGE, AREA + 0x30000, ANOS_MAP_READ), AREA + 0x30000);
    CHECK("1.8/7 read-only is zero", *at(AREA + 0x30000) == 0);
    is("1.8/7 the kernel may not write there either",
       anos_get_mem_info((void *)(AREA + 0x30000)), ANOS_BADARGS);
    is("1.8/7 size 0 is BADARGS", anos_map_virtual(0, AREA, RW), ANOS_BADARGS);
    is("1.8/7 kernel base is BADARGS", anos_map_virtual(PAGE, ANOS_KERNEL_BEGIN, RW), ANOS_BADARGS);
    is("1.8/7 base at the end is BADARGS", anos_map_virtual(PAGE, ANOS_USER_END, RW), ANOS_BADARGS);
    is("1.8/7 the last user page is BADARGS", anos_map_virtual(PAGE, ANOS_USER_END - PAGE, RW),
       ANOS_BADARGS);
    gives("1.8/7 the last page but one", anos_map_virtual(PAGE, ANOS_USER_END - 2 * PAGE, RW),
          ANOS_USER_END - 2 * PAGE);
    *at(ANOS_USER_END - PAGE - 8) = 3;
    is("1.8/7 a size that wraps is BADARGS", anos_map_virtual(-UINT64_C(1), AREA, RW),
       ANOS_BADARGS);
    gives("1.8/7 a base that wraps is page 0", anos_map_virtual(PAGE, -UINT64_C(1), RW), 0);
    anos_unmap_virtual(PAGE, 0);
    is("1.8/7 more than there are tables for is FAILURE",
       anos_map_virtual(UINT64_C(1) << 45, AREA, RW), ANOS_FAILURE);
    CHECK("1.8/7 a failed map changes nothing", *at(AREA + 0x21000) == 2);
}

static void check_unmap(void)
{
    anos_unmap_virtual(PAGE, ANOS_USER_END - 2 * PAGE);
    anos_map_virtual(16 * PAGE, AREA, RW);
    const uint64_t before = free_memory();
    for (int i = 0; i < 16; i++) {
        *at(AREA + i * PAGE) = 1;
    }
    CHECK("5.2 a written page costs a frame", free_memory() == before - 16 * PAGE);
    is("1.8/17 unmap", anos_unmap_virtual(16 * PAGE, AREA), ANOS_OK);
    CHECK("1.8/17 its frames are free", free_memory() == before);
    is("1.8/17 a pointer to it is BADARGS now", anos_get_mem_info((void *)AREA), ANOS_BADARGS);
    is("1.8/17 unmap nothing", anos_unmap_virtual(16 * PAGE, AREA), ANOS_OK);
    is("1.8/17 size 0", anos_unmap_virtual(0, AREA), ANOS_OK);
    is("1.8/17 half the address space",
       anos_unmap_virtual(ANOS_USER_END / 2, ANOS_USER_END / 4 * 2 - PAGE),
       ANOS_OK);
    is("1.8/17 kernel base is BADARGS", anos_unmap_virtual(PAGE, ANOS_KERNEL_BEGIN), ANOS_BADARGS);
    is("1.8/17 an end at the end is BADARGS", anos_unmap_virtual(PAGE, ANOS_USER_END - PAGE),
       ANOS_BADARGS);
    anos_map_virtual(3 * PAGE, AREA, RW);
    *at(AREA) = *at(AREA + PAGE) = *at(AREA + 2 * PAGE) = 7;
    anos_unmap_virtual(PAGE, AREA + 1);
    CHECK("1.8/17 rounds its base up", *at(AREA) == 7 && *at(AREA + 2 * PAGE) == 7);
    is("1.8/17 and unmaps that page", anos_get_mem_info((void *)(AREA + PAGE)), ANOS_BADARGS);
    anos_map_virtual(PAGE, AREA + PAGE, RW);
    CHECK("1.8/17 mapped again it is zero", *at(AREA + PAGE) == 0);
}

static void check_physical(void)
{
    is("1.8/22 size 0 is BADARGS", anos_alloc_physical_pages(0), ANOS_BADARGS);
    is("1.8/22 half a page is BADARGS", anos_alloc_physical_pages(PAGE + 8), ANOS_BADARGS);
    is("1.8/22 more than there is is FAILURE", anos_alloc_physical_pages(UINT64_C(1) << 40),
       ANOS_FAILURE);
    anos_unmap_virtual(16 * PAGE, AREA);
    const uint64_t before = free_memory();
    const result first = anos_alloc_physical_pages(4 * PAGE);
    const result second = anos_alloc_physical_pages(4 * PAGE);
    is("1.8/22 four pages", first, ANOS_OK);
    is("1.8/22 four more", second, ANOS_OK);
    CHECK("5.3 they do not overlap",
          first.value >= second.value + 4 * PAGE || second.value >= first.value + 4 * PAGE);
    CHECK("1.8/22 they are whole pages", ((first.value | second.value) & (PAGE - 1)) == 0);
    CHECK("1.8/22 free memory has shrunk", free_memory() == before - 8 * PAGE);

    is("1.8/21 map them", anos_map_physical(first.value, AREA, 4 * PAGE, RW), ANOS_OK);
    is("1.8/21 and again", anos_map_physical(first.value, AREA + MIB, 4 * PAGE, RW), ANOS_OK);
    *at(AREA + 3 * PAGE) = 99;
    CHECK("1.8/21 both mappings are the same memory", *at(AREA + MIB + 3 * PAGE) == 99);
    is("1.8/21 flags 0 is read-only", anos_map_physical(first.value, AREA + MIB, PAGE, 0), ANOS_OK);
    is("1.8/21 the kernel may not write there either", anos_get_mem_info((void *)(AREA + MIB)),
       ANOS_BADARGS);
    is("1.8/21 unmap does not free it", anos_unmap_virtual(4 * PAGE, AREA), ANOS_OK);
    CHECK("1.8/22 it is the process's", free_memory() == before - 8 * PAGE);
    is("1.8/21 unaligned physical is BADARGS", anos_map_physical(first.value + 8, AREA, PAGE, RW),
       ANOS_BADARGS);
    is("1.8/21 unaligned virtual is BADARGS", anos_map_physical(first.value, AREA + 8, PAGE, RW),
       ANOS_BADARGS);
    is("1.8/21 unaligned size is BADARGS", anos_map_physical(first.value, AREA, 8, RW),
       ANOS_BADARGS);
    is("1.8/21 kernel virtual is BADARGS",
       anos_map_physical(first.value, ANOS_KERNEL_BEGIN, PAGE, RW), ANOS_BADARGS);
    is("1.8/21 an end outside is BADARGS",
       anos_map_physical(first.value, ANOS_USER_END - PAGE, 2 * PAGE, RW), ANOS_BADARGS);
    is("1.8/21 the very last page",
       anos_map_physical(first.value, ANOS_USER_END - PAGE, PAGE, RW), ANOS_OK);
    *at(ANOS_USER_END - 8) = 5;

    struct anos_mem_info info;
    anos_get_mem_info(&info);
    const uint64_t managed = RAM_BEGIN + 2 * MIB, kernel = managed + info.total_bytes;
    is("1.8/21 kernel memory is BADARGS", anos_map_physical(kernel, AREA, PAGE, RW), ANOS_BADARGS);
    is("1.8/21 memory that ends in the kernel's is BADARGS",
       anos_map_physical(kernel - PAGE, AREA, 2 * PAGE, 0), ANOS_BADARGS);
    is("1.8/21 addresses no CPU has are BADARGS",
       anos_map_physical(-PAGE, AREA, PAGE, 0), ANOS_BADARGS);
    is("1.8/21 the page that all zero memory shares is BADARGS",
       anos_map_physical(managed, AREA, PAGE, RW),
       ANOS_BADARGS);
    is("1.8/21 somebody else's memory: as the policy says",
       anos_map_physical(managed + 64 * PAGE, AREA, PAGE, 0), is_bearer() ? ANOS_OK : ANOS_BADARGS);
    anos_unmap_virtual(PAGE, AREA);
    is("1.8/21 device registers", anos_map_physical(CONFIG_SPACE, AREA, PAGE, ANOS_MAP_READ),
       ANOS_OK);
    CHECK("1.8/21 which can be read", *(volatile uint32_t *)AREA != 0xffffffff);
    is("1.8/21 a hole in the address space",
       anos_map_physical(UINT64_C(1) << 39, AREA + PAGE, PAGE, 0),
       ANOS_OK);
}

int main(void)
{
    check_mem_info();
    check_map();
    check_unmap();
    check_physical();
    return finish();
}
