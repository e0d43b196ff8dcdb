/* Calls 20 and 26: what the firmware left (anos-abi 7.3, 7.4). */
#include "check.h"

#define AREA UINT64_C(0x8040000000)

static uint8_t rsdp[36];

static uint8_t sum(const uint8_t *bytes, unsigned count)
{
    uint8_t total = 0;
    while (count--) {
        total += *bytes++;
    }
    return total;
}

static void check_tables(void)
{
    is("7.3 kernel pointer is BADARGS", anos_map_firmware_tables(KERNEL_ADDRESS), ANOS_BADARGS);
    is("7.3 unmapped pointer is BADARGS", anos_map_firmware_tables(NOWHERE), ANOS_BADARGS);
    is("7.3 once", anos_map_firmware_tables(rsdp), ANOS_OK);
    CHECK("7.3 signature, revision and checksums",
          memcmp(rsdp, "RSD PTR ", 8) == 0 && rsdp[15] == 2 && !sum(rsdp, 20) && !sum(rsdp, 36));
    is("7.3 a second time is FAILURE", anos_map_firmware_tables(rsdp), ANOS_FAILURE);
    is("7.3 a bad pointer is still BADARGS", anos_map_firmware_tables(KERNEL_ADDRESS),
       ANOS_BADARGS);
    uint64_t xsdt;
    memcpy(&xsdt, rsdp + 24, 8);
    is("7.3 the XSDT can be mapped", anos_map_physical(xsdt & -PAGE, AREA, PAGE, ANOS_MAP_READ),
       ANOS_OK);
    CHECK("7.3 it is one", memcmp((uint8_t *)AREA + xsdt % PAGE, "XSDT", 4) == 0);
}

int main(void)
{
    if (has_devices()) {
        check_tables();
    } else {
        is("7.3 where STAGE3 has no such call: NOT_IMPL", anos_map_firmware_tables(rsdp),
           ANOS_NOT_IMPL);
    }
    struct anos_framebuffer screen;
    memset(&screen, 0xff, sizeof screen);
    is("7.4 kernel pointer is BADARGS", anos_get_framebuffer_phys(KERNEL_ADDRESS), ANOS_BADARGS);
    is("7.4 unmapped pointer is BADARGS", anos_get_framebuffer_phys(NOWHERE), ANOS_BADARGS);
    is("7.4 framebuffer", anos_get_framebuffer_phys(&screen), ANOS_OK);
    CHECK("7.4 its shape", screen.width == 1280 && screen.height == 800 && screen.pitch == 1280 * 4
                               && screen.bits_per_pixel == 32);
    CHECK("7.4 reserved is zero", screen.reserved_24[0] == 0 && screen.reserved_24[15] == 0);
    is("7.4 again", anos_get_framebuffer_phys(&screen), ANOS_OK);
    const uint64_t bytes = screen.height * (uint64_t)screen.pitch;
    is("7.4 map it",
       anos_map_physical(screen.physical, AREA + MIB, bytes, ANOS_MAP_READ | ANOS_MAP_WRITE),
       ANOS_OK);
    volatile uint32_t *pixels = (volatile uint32_t *)(AREA + MIB);
    pixels[0] = 0xabcdef;
    pixels[bytes / 4 - 1] = 0x123456;
    CHECK("7.4 pixels stay", pixels[0] == 0xabcdef && pixels[bytes / 4 - 1] == 0x123456);
    return finish();
}
