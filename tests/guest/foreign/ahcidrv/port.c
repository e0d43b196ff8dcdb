/* A port: its memory, its start, its commands (anos-abi 9.4). PxIS and IS are never cleared. */
#include "ahci.h"
#include "anos.h"
#include "libc.h"
#include "machine.h"

enum { POLLS_MAX = 300, POLL_NS = 100000, STOP_NS = 10000, SLOTS = 32, SLOT_STRIDE = 128 };

static void stop(struct port_registers *registers)
{
    registers->cmd &= ~(uint32_t)CMD_ST;
    registers->cmd &= ~(uint32_t)CMD_FRE;
    for (int i = 0; i < POLLS_MAX && registers->cmd & (CMD_FR | CMD_CR); i++) {
        anos_task_sleep_current(STOP_NS);
    }
}

static void start(struct port_registers *registers)
{
    for (int i = 0; i < POLLS_MAX && registers->cmd & CMD_CR; i++) {
        anos_task_sleep_current(STOP_NS);
    }
    registers->cmd |= CMD_FRE;
    registers->cmd |= CMD_ST;
}

/* Firmware left none of these areas: a page for each, and 32 command tables in one page. */
static bool give_memory(struct port *port)
{
    struct port_registers *registers = port->registers;
    struct dma_page list, fis, tables;
    if (!dma_allocate(&list)) {
        return false;
    }
    memset(list.data, 0, PAGE);
    registers->clb = (uint32_t)list.physical;
    registers->clbu = (uint32_t)(list.physical >> 32);
    if (!dma_allocate(&fis)) {
        return false;
    }
    memset(fis.data, 0, PAGE);
    registers->fb = (uint32_t)fis.physical;
    registers->fbu = (uint32_t)(fis.physical >> 32);
    if (!dma_allocate(&tables)) {
        return false;
    }
    memset(tables.data, 0, PAGE);
    port->headers = (struct command_header *)list.data;
    port->table = (struct command_table *)tables.data;
    for (unsigned i = 0; i < SLOTS; i++) {
        const uint64_t table = tables.physical + i * SLOT_STRIDE;
        port->headers[i].ctba = (uint32_t)table;
        port->headers[i].ctbau = (uint32_t)(table >> 32);
    }
    return true;
}

static bool wait_done(struct port *port)
{
    if (port->msi) {
        uint32_t event;
        const struct result waited = anos_wait_interrupt(port->vector, &event);
        if (waited.type == OK && !(port->registers->ci & 1)) {
            return true;
        }
        printf("ahcidrv: the interrupt did not do: %ld\n", waited.type);
    }
    for (int i = 0; i < POLLS_MAX; i++) {
        if (!(port->registers->ci & 1)) {
            return true;
        }
        if (*(volatile uint32_t *)&port->registers->is & IS_ERROR) {
            return false;
        }
        anos_task_sleep_current(POLL_NS);
    }
    return false;
}

bool port_command(struct port *port, uint8_t command, uint64_t sector, uint16_t count,
                  uint64_t physical, uint32_t size, bool write)
{
    struct command_table *table = port->table;
    const bool identify = command == ATA_IDENTIFY || command == ATA_IDENTIFY_PACKET;
    const uint8_t fis[20] = {
        0x27, 0x80, command, 0,
        (uint8_t)sector, (uint8_t)(sector >> 8), (uint8_t)(sector >> 16), identify ? 0xa0 : 0x40,
        (uint8_t)(sector >> 24), (uint8_t)(sector >> 32), (uint8_t)(sector >> 40), 0,
        (uint8_t)count, (uint8_t)(count >> 8),
    };
    memset(table, 0, sizeof *table);
    memcpy(table->cfis, fis, sizeof fis);
    table->prdt[0].dba = (uint32_t)physical;
    table->prdt[0].dbau = (uint32_t)(physical >> 32);
    table->prdt[0].size_and_interrupt = (size - 1) | 1u << 31;
    port->headers[0].flags = (uint16_t)(sizeof fis / 4 | (write ? 1 << 6 : 0));
    port->headers[0].prdtl = 1;
    port->headers[0].prdbc = 0;
    DEVICE_FENCE();
    port->registers->ci = 1;
    return wait_done(port);
}

static bool identify(struct port *port)
{
    struct dma_page page;
    if (!dma_allocate(&page)) {
        return false;
    }
    memset(page.data, 0, PAGE);
    const uint8_t command = port->registers->sig == SIG_ATA ? ATA_IDENTIFY : ATA_IDENTIFY_PACKET;
    if (!port_command(port, command, 0, 0, page.physical, SECTOR_BYTES, false)) {
        return false;
    }
    const uint16_t *words = (const uint16_t *)page.data;
    memcpy(&port->sectors, &words[100], sizeof port->sectors);
    if (port->sectors == 0) {
        port->sectors = words[60] | (uint32_t)words[61] << 16;
    }
    for (unsigned i = 0; i < 20; i++) {
        port->model[2 * i] = (char)(words[27 + i] >> 8);
        port->model[2 * i + 1] = (char)words[27 + i];
    }
    for (unsigned i = 40; i > 0 && port->model[i - 1] == ' '; i--) {
        port->model[i - 1] = 0;
    }
    printf("ahcidrv: %lu MiB disk '%s' on port %u\n", port->sectors * SECTOR_BYTES >> 20,
           port->model, port->number);
    return true;
}

bool port_start(struct hba *hba, unsigned number, unsigned msi, struct port *port)
{
    struct port_registers *registers = &hba->ports[number];
    port->number = number;
    port->registers = registers;
    if ((registers->ssts & 0xf) != DET_PRESENT) {
        return false;
    }
    stop(registers);
    if (*(volatile uint32_t *)&registers->clb != 0) {
        printf("ahcidrv: port %u has a command list of the firmware's\n", number);
        return false;
    }
    if (!give_memory(port)) {
        printf("ahcidrv: no memory for port %u\n", number);
        return false;
    }
    registers->serr = 0xffffffff;
    registers->is = 0xffffffff;
    registers->ie = 0xffffffff;
    start(registers);
    port->msi = msi != 0 && enable_msi(msi, port);
    return identify(port);
}
