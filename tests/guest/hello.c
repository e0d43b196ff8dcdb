/* The smallest program: one line by the kernel's call, one by the C library. */
#include <anos/abi.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    anos_kprint("hello from the kernel's call\n");
    const char *name = argc > 0 ? argv[0] : "-";
    printf("hello from printf: %d argument(s), %s, %.3f\n", argc, name, 3.14159);
    return 0;
}
