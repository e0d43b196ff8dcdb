/* See floats.h; what touches registers directly is in the folders of the processors. */
#include "floats.h"
#include "machine.h"

/* Halves, and the smallest steps above 1 that the longest type can hold with room for the count. */
bool floats_compute(uint64_t seed, uint64_t count)
{
    const double start = (double)(seed & 0xffff);
    double sum = start;
    fine_float fine = 1;
    const fine_float step = (fine_float)1 / (1ull << FINE_BITS);
    for (uint64_t i = 1; i <= count; i++) {
        sum += (double)i * 0.5;
        fine += step;
        KEEP_IN_A_REGISTER(sum);
    }
    const double expected = start + (double)(count * (count + 1)) * 0.25;
    return sum == expected && (fine - 1) / step == (fine_float)count;
}
