/*
 * AHCI as Anos's driver sees it (anos-abi 9.4): registers are plain members,
 * volatile only where a loop waits for them, so that the compiler may merge
 * neighbouring stores into wider ones.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct port_registers {
    uint32_t clb, clbu, fb, fbu, is, ie;
    volatile uint32_t cmd;
    uint32_t reserved0;
    volatile uint32_t tfd, sig, ssts;
    uint32_t sctl, serr, sact;
    volatile uint32_t ci;
    uint32_t reserved1[17];
};
_Static_assert(sizeof(struct port_registers) == 0x80, "anos-abi 9.4");

struct hba {
    volatile uint32_t cap, ghc, is, pi, vs;
    uint32_t reserved[59];
    struct port_registers ports[];
};
_Static_assert(sizeof(struct hba) == 0x100, "anos-abi 9.4");

enum { GHC_IE = 1 << 1, CMD_ST = 1 << 0, CMD_FRE = 1 << 4, CMD_FR = 1 << 14, CMD_CR = 1 << 15 };
enum { IS_ERROR = 1 << 30, DET_PRESENT = 3 };
enum { SIG_ATA = 0x101, SECTOR_BYTES = 512 };
enum { ATA_READ_DMA_EXT = 0x25, ATA_WRITE_DMA_EXT = 0x35, ATA_IDENTIFY = 0xec,
       ATA_IDENTIFY_PACKET = 0xa1 };

struct command_header {
    uint16_t flags, prdtl;
    volatile uint32_t prdbc;
    uint32_t ctba, ctbau, reserved[4];
};

struct command_table {
    uint8_t cfis[64], acmd[16], reserved[48];
    struct {
        uint32_t dba, dbau, reserved, size_and_interrupt;
    } prdt[1];
};
_Static_assert(sizeof(struct command_table) == 144, "anos-abi 9.4");

/* A page for the device, and where this process sees it */
struct dma_page {
    uint64_t physical;
    uint8_t *data;
};

struct port {
    unsigned number;
    bool ready, msi;
    uint8_t vector;
    struct port_registers *registers;
    struct command_header *headers;
    struct command_table *table;
    uint64_t sectors;
    char model[41];
};

bool dma_allocate(struct dma_page *page);
uint32_t config_read(unsigned offset);
void config_write(unsigned offset, uint32_t value);
unsigned find_msi(void);
bool enable_msi(unsigned capability, struct port *port);

bool port_start(struct hba *hba, unsigned number, unsigned msi, struct port *port);
bool port_command(struct port *port, uint8_t command, uint64_t sector, uint16_t count,
                  uint64_t physical, uint32_t size, bool write);

void serve(struct port *ports, unsigned count, uint64_t parent_id);
