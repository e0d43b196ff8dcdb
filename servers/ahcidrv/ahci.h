/* The registers and structures of an AHCI controller (AHCI 1.3.1, 3 and 4). */
#ifndef AHCI_H
#define AHCI_H

#include <stddef.h>
#include <stdint.h>

#define AHCI_PORTS_MAX 32

/* One port (3.3). */
struct port_registers {
    volatile uint32_t list_base; /* PxCLB */
    volatile uint32_t list_base_upper;
    volatile uint32_t fis_base; /* PxFB */
    volatile uint32_t fis_base_upper;
    volatile uint32_t interrupt_status; /* PxIS */
    volatile uint32_t interrupt_enable; /* PxIE */
    volatile uint32_t command;          /* PxCMD */
    uint32_t reserved_1c;
    volatile uint32_t task_file;    /* PxTFD */
    volatile uint32_t signature;    /* PxSIG */
    volatile uint32_t link_status;  /* PxSSTS */
    volatile uint32_t link_control; /* PxSCTL */
    volatile uint32_t link_error;   /* PxSERR */
    volatile uint32_t active;       /* PxSACT */
    volatile uint32_t issue;        /* PxCI */
    uint32_t reserved_3c[17];
};

/* The controller: generic host control (3.1), then the ports. */
struct hba_registers {
    volatile uint32_t abilities;        /* CAP */
    volatile uint32_t control;          /* GHC */
    volatile uint32_t interrupt_status; /* IS, a bit per port */
    volatile uint32_t ports;            /* PI, a bit per port */
    uint32_t reserved_10[60];
    struct port_registers port[AHCI_PORTS_MAX];
};

_Static_assert(sizeof(struct port_registers) == 0x80, "port_registers");
_Static_assert(offsetof(struct hba_registers, port) == 0x100, "port");

#define HBA_64BIT (1u << 31)        /* CAP: addresses may have 64 bits */
#define HBA_QUEUES (1u << 30)       /* CAP: native command queuing */
#define HBA_SLOTS(abilities) (((abilities) >> 8 & 31) + 1) /* CAP: command slots */
#define HBA_AHCI_ENABLE (1u << 31)  /* GHC */
#define HBA_INTERRUPTS (1u << 1)    /* GHC */

#define PORT_START (1u << 0)      /* PxCMD.ST */
#define PORT_RECEIVE (1u << 4)    /* PxCMD.FRE */
#define PORT_RECEIVING (1u << 14) /* PxCMD.FR */
#define PORT_RUNNING (1u << 15)   /* PxCMD.CR */

/* PxIS: how a command can end. */
#define PORT_REGISTER_FIS (1u << 0)
#define PORT_PIO_SETUP_FIS (1u << 1)
#define PORT_DEVICE_BITS_FIS (1u << 3) /* queued commands have ended */
#define PORT_LINK_CHANGE (1u << 22)
#define PORT_OVERFLOW (1u << 24)
#define PORT_INTERFACE_ERROR (1u << 27)
#define PORT_BUS_DATA_ERROR (1u << 28)
#define PORT_BUS_ERROR (1u << 29)
#define PORT_TASK_FILE_ERROR (1u << 30)
#define PORT_ENDS (PORT_REGISTER_FIS | PORT_PIO_SETUP_FIS | PORT_DEVICE_BITS_FIS)
#define PORT_ERRORS                                                                \
    (PORT_LINK_CHANGE | PORT_OVERFLOW | PORT_INTERFACE_ERROR | PORT_BUS_DATA_ERROR | \
     PORT_BUS_ERROR | PORT_TASK_FILE_ERROR)

#define TASK_DATA_REQUEST (1u << 3)
#define TASK_BUSY (1u << 7)

#define LINK_DETECTION 0xfu
#define LINK_PRESENT 3u
#define LINK_RESET 1u /* in PxSCTL */

#define SIGNATURE_DISK 0x00000101u
#define SIGNATURE_ATAPI 0xeb140101u

/* Command header (4.2.2). */
struct command_header {
    uint16_t flags; /* length of the FIS in words, and the bits below */
    uint16_t range_count;
    volatile uint32_t byte_count; /* moved, as the controller says */
    uint32_t table;
    uint32_t table_upper;
    uint32_t reserved[4];
};

#define COMMAND_WRITES (1u << 6)

/* A physical range of the data (4.2.3.3). */
struct data_range {
    uint32_t address;
    uint32_t address_upper;
    uint32_t reserved;
    uint32_t last_byte; /* its length less one */
};

/* Register FIS, host to device (SATA 3.0, 10.3.4). */
struct register_fis {
    uint8_t type;
    uint8_t flags;
    uint8_t command;
    uint8_t features;
    uint8_t sector_0_2[3];
    uint8_t device;
    uint8_t sector_3_5[3];
    uint8_t features_upper;
    uint16_t count;
    uint8_t reserved[6];
};

#define FIS_REGISTER 0x27
#define FIS_IS_COMMAND 0x80

/* Command table (4.2.3), with room for one range; its size keeps the next one aligned. */
struct command_table {
    struct register_fis fis;
    uint8_t reserved[128 - sizeof(struct register_fis)];
    struct data_range range;
    uint8_t padding[128 - sizeof(struct data_range)];
};

#define COMMAND_SLOTS 32

/* What a port and its driver share in memory. */
struct port_memory {
    struct command_header headers[COMMAND_SLOTS];
    uint8_t received[256]; /* FISes from the drive; its end is the table's alignment, too */
    struct command_table tables[COMMAND_SLOTS];
    uint8_t answer[512]; /* of the drive, about itself */
};

_Static_assert(sizeof(struct command_header) == 32, "command_header");
_Static_assert(sizeof(struct register_fis) == 20, "register_fis");
_Static_assert(offsetof(struct command_table, range) == 0x80, "range");
_Static_assert(offsetof(struct port_memory, received) == 0x400, "received");
_Static_assert(offsetof(struct port_memory, tables) % 128 == 0, "tables");
_Static_assert(sizeof(struct command_table) % 128 == 0, "command_table");

#endif
