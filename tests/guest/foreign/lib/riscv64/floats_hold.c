/* floats_hold of floats.h; hold.S loads and stores the registers. */
#include "anos.h"
#include "floats.h"
#include "libc.h"

struct float_state {
    uint64_t f[32];
    uint64_t fcsr;
};

void hold_floats(const struct float_state *put, struct float_state *found, uint64_t busy,
                 uint64_t sleep_ns, uint64_t cookie);

bool floats_hold(uint64_t seed, uint64_t sleep_ns, uint64_t busy)
{
    struct float_state put, found;
    memset(&found, 0, sizeof found);
    for (int i = 0; i < 32; i++) {
        put.f[i] = mix(&seed);
    }
    put.fcsr = mix(&seed) % 4 << 5 | mix(&seed) % 32; /* how to round, and exceptions so far */
    hold_floats(&put, &found, busy, sleep_ns, __syscall_capabilities[5]);
    return memcmp(&put, &found, sizeof put) == 0;
}
