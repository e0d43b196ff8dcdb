/* What a program that reads other programs' files must know of the processor it runs on. */
#ifndef ANOS_MACHINE_H
#define ANOS_MACHINE_H

#include <elf.h>

#if defined(__x86_64__)
#define ANOS_ELF_MACHINE EM_X86_64
#elif defined(__riscv)
#define ANOS_ELF_MACHINE EM_RISCV
#endif

#endif
