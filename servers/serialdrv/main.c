/*
 * serialdrv: the console, on a serial port. Protocol: stream.h.
 *
 *   boot:/serialdrv.elf REGISTERS CONFIG ID
 *
 * The physical addresses of the registers and of the configuration page are in
 * hex, as for ahcidrv.
 */
#include "console_server.h"
#include "uart.h"

#include <stdio.h>
#include <stdlib.h>

#define ARGUMENT_COUNT 4

static bool wait_input(void *uart)
{
    return uart_wait(uart);
}

static int read_input(void *uart)
{
    return uart_read(uart);
}

static void request_input(void *uart, bool wanted)
{
    uart_request(uart, wanted);
}

static void write_output(void *uart, const uint8_t *bytes, size_t count)
{
    uart_write(uart, bytes, count);
}

int main(int argc, char **argv)
{
    static struct uart uart;
    static const struct console_device device = { wait_input, read_input, request_input,
                                                  write_output, &uart };
    if (argc != ARGUMENT_COUNT) {
        printf("serialdrv: usage: serialdrv REGISTERS (hex) CONFIG (hex) ID\n");
        return 1;
    }
    const uint64_t registers = strtoull(argv[1], NULL, 16);
    const uint64_t config = strtoull(argv[2], NULL, 16);
    return uart_open(&uart, registers, config) ? console_serve(&device) : 1;
}
