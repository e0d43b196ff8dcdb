/* Dies three functions deep: its report says on which way it came there. */
#include "check.h"

#define DEEP __attribute__((noinline)) static

DEEP uint64_t innermost(volatile uint64_t *nowhere)
{
    *nowhere = 1;
    return *nowhere + 1;
}

DEEP uint64_t middle(uint64_t where)
{
    return innermost((volatile uint64_t *)where) + 1;
}

DEEP uint64_t outermost(uint64_t where)
{
    anos_create_channel();
    return middle(where) + 1;
}

int main(int argc, char **argv)
{
    (void)argv;
    return (int)outermost(0x5000 + (uint64_t)(argc - argc)) + 1;
}
