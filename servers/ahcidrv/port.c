/* A port, and one command at a time in its slot 0 (AHCI 1.3.1, 5.5, 6.2 and 10). */
#include "port.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_WINDOW UINT64_C(0xa000000000)
#define MEMORY_BYTES (ANOS_PAGE_BYTES + PORT_BUFFER_BYTES)
#define STOP_TICKS_MAX 100     /* 1 s; what works stops in half of that (10.1.2) */
#define COMMAND_TICKS_MAX 3000 /* 30 s, if commands are polled for */
#define TICK_WAIT_NS 1 /* asleep until the next tick */
#define SLOT 0
#define FIS_WORDS (sizeof(struct register_fis) / sizeof(uint32_t))

_Static_assert(sizeof(struct port_memory) <= ANOS_PAGE_BYTES, "port_memory");

/* Wait until all `bits` of a register are 0; false if they stay. */
static bool wait_until_clear(const volatile uint32_t *value, uint32_t bits)
{
    for (int ticks = 0; *value & bits; ticks++) {
        if (ticks == STOP_TICKS_MAX) {
            return false;
        }
        anos_task_sleep_current(TICK_WAIT_NS);
    }
    return true;
}

/* Stop taking commands, then stop receiving; what was under way is dropped (10.3). */
static bool stop(struct port_registers *registers)
{
    registers->command &= ~PORT_START;
    if (!wait_until_clear(&registers->command, PORT_RUNNING)) {
        return false;
    }
    registers->command &= ~PORT_RECEIVE;
    return wait_until_clear(&registers->command, PORT_RECEIVING);
}

/* Begin with nothing pending, and with a drive that is idle (10.3.1). */
static bool start(struct port_registers *registers)
{
    registers->link_error = UINT32_MAX;
    registers->interrupt_status = UINT32_MAX;
    registers->command |= PORT_RECEIVE;
    if (registers->task_file & (TASK_BUSY | TASK_DATA_REQUEST)) {
        registers->command |= PORT_COMMAND_OVERRIDE;
        if (!wait_until_clear(&registers->command, PORT_COMMAND_OVERRIDE)) {
            return false;
        }
    }
    registers->command |= PORT_START;
    return true;
}

/* Two pages, the controller's alone: its lists and the buffer. */
static bool allocate(struct port *port)
{
    const struct anos_result frames = anos_alloc_physical_pages(MEMORY_BYTES);
    if (frames.type != ANOS_OK || frames.value % ANOS_PAGE_BYTES != 0) {
        return false;
    }
    const bool is_low = (frames.value + MEMORY_BYTES) >> 32 == 0;
    if (!is_low && !(port->controller->registers->abilities & HBA_64BIT)) {
        return false;
    }
    const uint64_t window = MEMORY_WINDOW + port->index * MEMORY_BYTES;
    const struct anos_result mapped =
        anos_map_physical(frames.value, window, MEMORY_BYTES, ANOS_MAP_READ | ANOS_MAP_WRITE);
    if (mapped.type != ANOS_OK) {
        return false;
    }
    memset((void *)window, 0, MEMORY_BYTES);
    port->memory = (struct port_memory *)window;
    port->buffer = (uint8_t *)window + ANOS_PAGE_BYTES;
    port->memory_physical = frames.value;
    return true;
}

static void set_address(volatile uint32_t *low, volatile uint32_t *high, uint64_t address)
{
    *low = (uint32_t)address;
    *high = (uint32_t)(address >> 32);
}

bool port_open(struct port *port, struct controller *controller, unsigned index)
{
    struct port_registers *const registers = &controller->registers->port[index];
    *port = (struct port){ .controller = controller, .registers = registers, .index = index };
    if (!stop(registers)) {
        printf("ahcidrv: port %u does not stop\n", index);
        return false;
    }
    if (!allocate(port)) {
        printf("ahcidrv: no memory for port %u\n", index);
        return false;
    }
    const uint64_t physical = port->memory_physical;
    struct command_header *const header = &port->memory->headers[SLOT];
    const uint64_t table = physical + offsetof(struct port_memory, table);
    header->table = (uint32_t)table;
    header->table_upper = (uint32_t)(table >> 32);
    set_address(&registers->list_base, &registers->list_base_upper, physical);
    set_address(&registers->fis_base, &registers->fis_base_upper,
                physical + offsetof(struct port_memory, received));
    port->is_running = start(registers);
    registers->interrupt_enable = PORT_REGISTER_FIS | PORT_PIO_SETUP_FIS | PORT_ERRORS;
    if (!port->is_running) {
        printf("ahcidrv: port %u does not start\n", index);
    }
    return port->is_running;
}

static void prepare(struct port *port, const struct command *command)
{
    struct command_header *const header = &port->memory->headers[SLOT];
    struct command_table *const table = &port->memory->table;
    const uint64_t data = port->memory_physical + ANOS_PAGE_BYTES;
    table->fis = (struct register_fis){
        .type = FIS_REGISTER,
        .flags = FIS_IS_COMMAND,
        .command = command->code,
        .device = command->device,
        .count = command->count,
    };
    for (int i = 0; i < 3; i++) {
        table->fis.sector_0_2[i] = (uint8_t)(command->sector >> 8 * i);
        table->fis.sector_3_5[i] = (uint8_t)(command->sector >> 8 * (i + 3));
    }
    table->range = (struct data_range){
        .address = (uint32_t)data,
        .address_upper = (uint32_t)(data >> 32),
        .last_byte = command->byte_count - 1,
    };
    header->flags = (uint16_t)(FIS_WORDS | (command->writes ? COMMAND_WRITES : 0));
    header->range_count = command->byte_count > 0;
    header->byte_count = 0;
}

/* The causes of the port's interrupt; they are cleared, the port's before the controller's. */
static uint32_t acknowledge(struct port *port)
{
    const uint32_t causes = port->registers->interrupt_status;
    port->registers->interrupt_status = causes;
    port->controller->registers->interrupt_status = 1u << port->index;
    return causes;
}

/*
 * Wait for the end of the command in the slot. Interrupts are kept until they
 * are waited for, so none is missed; one that was left over from an earlier
 * command is no harm, for only the slot's bit says that this one is done. An
 * error of the drive in PxTFD is a cause of an interrupt, too, so that register
 * need not be read.
 */
static bool wait_for_end(struct port *port)
{
    for (int ticks = 0; ticks < COMMAND_TICKS_MAX;) {
        ticks += !controller_wait(port->controller);
        if (acknowledge(port) & PORT_ERRORS) {
            return false;
        }
        if (!(port->registers->issue >> SLOT & 1)) {
            return true;
        }
    }
    return false;
}

bool port_run(struct port *port, const struct command *command)
{
    if (!port->is_running) {
        return false;
    }
    prepare(port, command);
    lock_take(&port->controller->lock);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the controller reads what was prepared */
    port->registers->issue = 1u << SLOT;
    bool is_done = wait_for_end(port);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    is_done = is_done && port->memory->headers[SLOT].byte_count == command->byte_count;
    if (!is_done) { /* an error stops the port until it is started anew (6.2.2) */
        port->is_running = stop(port->registers) && start(port->registers);
        acknowledge(port);
    }
    lock_release(&port->controller->lock);
    return is_done;
}
