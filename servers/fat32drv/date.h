/* Dates as FAT has them: local time, in two 16-bit words (FAT specification 6.4). */
#ifndef DATE_H
#define DATE_H

#include <stdint.h>

struct date {
    uint16_t date, time; /* time in steps of two seconds */
    uint8_t hundredths;  /* beyond that: 0 to 199 */
};

/* Seconds since 1970; 0 if the words are no date and time. */
int64_t date_seconds(uint16_t date, uint16_t time);

/* The date of a time in nanoseconds since 1970; the nearest there is, from 1980 to 2107. */
struct date date_from(int64_t nanoseconds);

/* Nanoseconds since 1970, by the clock of the machine. */
int64_t date_now(void);

#endif
