/* All architectures, in the order of their numbers in Python. */
#include "arch.h"

const struct arch *const architectures[] = { &x86_64, &riscv64 };
