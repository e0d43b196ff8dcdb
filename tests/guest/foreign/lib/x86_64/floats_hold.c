/* floats_hold of floats.h, for XMM and x87; hold.S loads and stores the registers. */
#include "anos.h"
#include "floats.h"
#include "libc.h"

struct float_state {
    uint64_t xmm[16][2];
    struct {
        uint64_t mantissa;
        uint16_t exponent, pad[3];
    } x87[8];
    uint32_t mxcsr, x87_control;
};
_Static_assert(sizeof(struct float_state) == 392, "hold.S knows the offsets");

void hold_floats(const struct float_state *put, struct float_state *found, uint64_t busy,
                 uint64_t sleep_ns, uint64_t cookie);

bool floats_hold(uint64_t seed, uint64_t sleep_ns, uint64_t busy)
{
    struct float_state put, found;
    memset(&put, 0, sizeof put);
    memset(&found, 0, sizeof found);
    for (int i = 0; i < 16; i++) {
        put.xmm[i][0] = mix(&seed);
        put.xmm[i][1] = mix(&seed);
    }
    for (int i = 0; i < 8; i++) { /* normal numbers: the top bit of the mantissa is set */
        put.x87[i].mantissa = mix(&seed) | 1ull << 63;
        put.x87[i].exponent = (uint16_t)(0x3000 + (mix(&seed) & 0x1fff));
    }
    const uint32_t rounding = (uint32_t)(mix(&seed) >> 40) & 3;
    put.mxcsr = 0x1f80 | rounding << 13;
    put.x87_control = 0x037f | (rounding ^ 1) << 10;
    hold_floats(&put, &found, busy, sleep_ns, __syscall_capabilities[5]);
    return memcmp(&put, &found, sizeof put) == 0;
}
