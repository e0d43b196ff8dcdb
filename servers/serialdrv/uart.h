/* A 16550 whose eight registers are bytes in memory (PC16550D data sheet, 8). */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart {
    volatile uint8_t *registers;
    uint8_t vector;
};

/* Map the registers, switch the UART and its interrupt on; a line in the log if that fails. */
bool uart_open(struct uart *uart, uint64_t registers, uint64_t config_physical);

void uart_write(const struct uart *uart, const uint8_t *bytes, size_t count);

/* The next byte that has come in, or -1. */
int uart_read(const struct uart *uart);

/* Tell the other end whether it may send: the line RTS. */
void uart_request(const struct uart *uart, bool wanted);

/* Wait for an interrupt; false if there will be none any more. */
bool uart_wait(const struct uart *uart);

#endif
