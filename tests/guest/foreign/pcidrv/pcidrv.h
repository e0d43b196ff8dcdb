/* pcidrv's parts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ECAM_WINDOW 0x9000000000ull

extern uint64_t ecam_base;
extern unsigned first_bus;

uint32_t config_read(unsigned bus, unsigned slot, unsigned function, unsigned offset);
bool function_present(unsigned bus, unsigned slot, unsigned function);
void found_function(unsigned bus, unsigned slot, unsigned function);
