/* Clocks and sleeping. Without the capability CLOCK a program has no time. */
#include "internal.h"

#include <anos/abi.h>
#include <errno.h>
#include <time.h>

#define NS_PER_SECOND UINT64_C(1000000000)

HIDDEN long __anos_clock_gettime(int clock, struct timespec *time)
{
    const struct anos_result now =
        anos_clock(clock == CLOCK_REALTIME ? ANOS_CLOCK_REALTIME : ANOS_CLOCK_UPTIME);
    *time = (struct timespec){ 0 }; /* without a clock time() looks at it all the same */
    if (now.type != ANOS_OK) {
        return -EPERM;
    }
    time->tv_sec = (time_t)(now.value / NS_PER_SECOND);
    time->tv_nsec = (long)(now.value % NS_PER_SECOND);
    return 0;
}

HIDDEN long __anos_clock_getres(struct timespec *resolution)
{
    if (resolution != NULL) {
        *resolution = (struct timespec){ .tv_nsec = 1 };
    }
    return 0;
}

HIDDEN long __anos_nanosleep(const struct timespec *time)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= (long)NS_PER_SECOND) {
        return -EINVAL;
    }
    const uint64_t nanoseconds = (uint64_t)time->tv_sec * NS_PER_SECOND + (uint64_t)time->tv_nsec;
    return anos_task_sleep_current(nanoseconds).type == ANOS_OK ? 0 : -EPERM;
}
