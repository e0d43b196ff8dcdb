/* The UART's registers, and nothing that waits for the other end but `uart_wait`. */
#include "uart.h"

#include "msi.h"
#include "pci.h"

#include <anos/abi.h>
#include <stdio.h>

#define REGISTERS_WINDOW UINT64_C(0xb000000000)
#define CONFIG_WINDOW UINT64_C(0xc000000000)
#define DEVICE_ACCESS (ANOS_MAP_READ | ANOS_MAP_WRITE | ANOS_MAP_NOCACHE)

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4,
       LINE_STATUS = 5 };

#define RECEIVED (1u << 0) /* in INTERRUPT_ENABLE */
#define FIFO_ENABLE (1u << 0)
#define EIGHT_BITS 3u /* in LINE_CONTROL; no parity, one stop bit */
#define TERMINAL_READY (1u << 0)
#define REQUEST_TO_SEND (1u << 1)
#define DATA_READY (1u << 0)

static bool map(uint64_t physical, uint64_t window)
{
    return anos_map_physical(physical, window, ANOS_PAGE_BYTES, DEVICE_ACCESS).type == ANOS_OK;
}

bool uart_open(struct uart *uart, uint64_t registers, uint64_t config_physical)
{
    volatile uint8_t *const config = (volatile uint8_t *)CONFIG_WINDOW;
    if (!map(registers, REGISTERS_WINDOW) || !map(config_physical, CONFIG_WINDOW)) {
        printf("serialdrv: cannot map the registers\n");
        return false;
    }
    const uint32_t command = pci_read(config, PCI_COMMAND) & PCI_COMMAND_MASK;
    pci_write(config, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_BUS_MASTER);
    uart->registers = (volatile uint8_t *)REGISTERS_WINDOW;
    if (!msi_enable(config, config_physical, &uart->vector)) {
        printf("serialdrv: no interrupt, so nobody could read\n");
        return false;
    }
    uart->registers[LINE_CONTROL] = EIGHT_BITS;
    uart->registers[FIFO_CONTROL] = FIFO_ENABLE;
    uart->registers[MODEM_CONTROL] = TERMINAL_READY;
    uart->registers[INTERRUPT_ENABLE] = RECEIVED;
    return true;
}

void uart_write(const struct uart *uart, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) { /* the device takes a byte at once, whenever it comes */
        uart->registers[DATA] = bytes[i];
    }
}

int uart_read(const struct uart *uart)
{
    return uart->registers[LINE_STATUS] & DATA_READY ? uart->registers[DATA] : -1;
}

void uart_request(const struct uart *uart, bool wanted)
{
    uart->registers[MODEM_CONTROL] = TERMINAL_READY | (wanted ? REQUEST_TO_SEND : 0);
}

bool uart_wait(const struct uart *uart)
{
    uint32_t event;
    return anos_wait_interrupt(uart->vector, &event).type == ANOS_OK;
}
