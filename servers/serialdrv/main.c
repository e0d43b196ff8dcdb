/*
 * serialdrv: the console, on a serial port. Protocol: stream.h.
 *
 *   boot:/serialdrv.elf REGISTERS CONFIG ID
 *
 * The physical addresses of the registers and of the configuration page are in
 * hex, as for ahcidrv. One thread takes in what is typed, this one serves messages;
 * a reader that waits keeps the page of memory that its message came with.
 */
#include "input.h"
#include "stream.h"
#include "uart.h"

#include <anos/abi.h>
#include <anos/thread.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENT_COUNT 4
#define STACK_BYTES 0x10000

static struct uart uart;
static _Alignas(ANOS_PAGE_BYTES) uint8_t windows[CONSOLE_READERS_MAX + 1][ANOS_PAGE_BYTES];

/* A window that no waiting reader has. */
static uint8_t *free_window(void)
{
    int i = 0;
    while (i < CONSOLE_READERS_MAX && input_uses(windows[i])) {
        i++;
    }
    return windows[i];
}

/* Serve one message; false when there will be none any more. */
static bool serve_one(uint64_t channel)
{
    uint64_t tag, bytes;
    uint8_t *const page = free_window();
    const struct anos_result received = anos_recv_message(channel, &tag, &bytes, page);
    if (received.type != ANOS_OK) {
        return false;
    }
    if (tag == STREAM_WRITE && bytes <= ANOS_PAGE_BYTES) {
        uart_write(&uart, page, bytes);
        anos_reply_message(received.value, 1 + bytes);
    } else if (tag != STREAM_READ || bytes == 0 || !input_read(&uart, received.value, page)) {
        anos_reply_message(received.value, 0);
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != ARGUMENT_COUNT) {
        printf("serialdrv: usage: serialdrv REGISTERS (hex) CONFIG (hex) ID\n");
        return 1;
    }
    const uint64_t registers = strtoull(argv[1], NULL, 16);
    const uint64_t config = strtoull(argv[2], NULL, 16);
    if (!uart_open(&uart, registers, config)) {
        return 1;
    }
    const struct anos_result channel = anos_create_channel();
    if (channel.type != ANOS_OK ||
        anos_register_channel_name(channel.value, CONSOLE_NAME).type != ANOS_OK) {
        printf("serialdrv: there is a console already\n");
        return 0;
    }
    if (anos_thread_start(ANOS_CLASS_HIGH, STACK_BYTES, input_run, &uart) != 0) {
        printf("serialdrv: no thread for the input\n");
        return 1;
    }
    while (serve_one(channel.value)) {
    }
    return 1;
}
