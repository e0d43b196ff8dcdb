/* The Gregorian calendar, both ways. */
#include "date.h"

#define SECONDS_PER_DAY 86400
#define FIRST_SECOND INT64_C(315532800) /* 1 January 1980 */
#define LAST_SECOND INT64_C(4354819199) /* 31 December 2107, 23:59:59 */
#define NS_PER_SECOND 1000000000

/* Days from 1 January 1970 to a day. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) { /* count years from March, so that the leap day is the last */
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month - 457) / 5 + day - 719469;
}

int64_t date_seconds(uint16_t date, uint16_t time)
{
    const int day = date & 31, month = date >> 5 & 15, year = 1980 + (date >> 9);
    const int hour = time >> 11, minute = time >> 5 & 63, second = 2 * (time & 31);
    if (day < 1 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) {
        return 0;
    }
    return ((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

/* The date of a second that there is. */
static struct date date_of(int64_t seconds)
{
    const int64_t days = seconds / SECONDS_PER_DAY, second = seconds % SECONDS_PER_DAY;
    int64_t year = 1980, month = 1;
    while (year < 2107 && days_to(year + 1, 1, 1) <= days) {
        year++;
    }
    while (month < 12 && days_to(year, month + 1, 1) <= days) {
        month++;
    }
    const int64_t day = days - days_to(year, month, 1) + 1;
    return (struct date){
        .date = (uint16_t)((year - 1980) << 9 | month << 5 | day),
        .time = (uint16_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2),
        .hundredths = (uint8_t)(second % 2 * 100),
    };
}

struct date date_from(int64_t nanoseconds)
{
    static int64_t last_second;
    static struct date last; /* every write has a date, and most have the same */
    int64_t seconds = nanoseconds / NS_PER_SECOND;
    int64_t rest = nanoseconds % NS_PER_SECOND;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND) {
        seconds = seconds < FIRST_SECOND ? FIRST_SECOND : LAST_SECOND;
        rest = 0;
    }
    if (seconds != last_second) {
        last_second = seconds;
        last = date_of(seconds);
    }
    struct date date = last;
    date.hundredths += (uint8_t)(rest / (NS_PER_SECOND / 100));
    return date;
}
