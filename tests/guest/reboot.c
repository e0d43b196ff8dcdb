/* Reboots twice, a second apart: which boot it is, the time since 1970 tells. Then status 7. */
#include <anos/abi.h>
#include <inttypes.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000000)
#define BOOTS 3

int main(void)
{
    const uint64_t uptime = anos_clock(ANOS_CLOCK_UPTIME).value;
    const uint64_t now = anos_clock(ANOS_CLOCK_REALTIME).value;
    const uint64_t boot = (now - uptime) / SECOND % 60;
    printf("boot %" PRIu64 ", up for less than a second: %d\n", boot, uptime < SECOND);
    anos_task_sleep_current(SECOND);
    anos_power(boot + 1 < BOOTS ? ANOS_POWER_REBOOT : ANOS_POWER_OFF, 7);
    printf("nobody hears this\n");
    return 1;
}
