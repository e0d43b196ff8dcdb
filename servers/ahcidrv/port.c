/* A port and its drive (AHCI 1.3.1, 5.5, 6.2 and 10). */
#include "port.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_WINDOW UINT64_C(0xa000000000)
#define WINDOW_BYTES UINT64_C(0x200000)
#define MEMORY_BYTES ((sizeof(struct port_memory) + ANOS_PAGE_BYTES - 1) & -ANOS_PAGE_BYTES)
#define FEW_SLOTS 4
#define STOP_NS UINT64_C(1000000000) /* what works stops in half of that (10.1.2) */
#define COMMAND_NS UINT64_C(3000000000)
#define RESET_NS UINT64_C(1000000) /* 10.4.2 */
#define WAKE_NS UINT64_C(10000000) /* a link that comes up at all is up in that (10.1.2) */
#define PAUSE_NS_MIN UINT64_C(50000)
#define PAUSE_NS_MAX UINT64_C(10000000)
#define FIS_WORDS (sizeof(struct register_fis) / sizeof(uint32_t))

static void wait_ns(uint64_t nanoseconds)
{
    static const uint32_t never_woken = 0;
    anos_futex_wait(&never_woken, 0, nanoseconds); /* sleeping is for whole ticks */
}

/* Waiting with a limit, in pauses that get longer: what works is soon done. */
struct wait {
    uint64_t left_ns, pause_ns;
};

/* Pause once more; false if the limit is reached. */
static bool wait_on(struct wait *wait)
{
    const uint64_t pause = wait->pause_ns < wait->left_ns ? wait->pause_ns : wait->left_ns;
    if (pause == 0) {
        return false;
    }
    wait_ns(pause);
    wait->left_ns -= pause;
    wait->pause_ns = 2 * pause < PAUSE_NS_MAX ? 2 * pause : PAUSE_NS_MAX;
    return true;
}

/* Wait until `bits` of a register have a value; false if they do not get it. */
static bool wait_until(const volatile uint32_t *value, uint32_t bits, uint32_t wanted)
{
    struct wait wait = { STOP_NS, PAUSE_NS_MIN };
    bool is_so = (*value & bits) == wanted;
    while (!is_so && wait_on(&wait)) {
        is_so = (*value & bits) == wanted;
    }
    return is_so;
}

/* Stop taking commands, then stop receiving (10.3). */
bool port_stop(struct port_registers *registers)
{
    registers->command &= ~PORT_START;
    if (!wait_until(&registers->command, PORT_RUNNING, 0)) {
        return false;
    }
    registers->command &= ~PORT_RECEIVE;
    return wait_until(&registers->command, PORT_RECEIVING, 0);
}

void port_wake(struct port_registers *registers)
{
    struct wait wait = { WAKE_NS, PAUSE_NS_MIN };
    registers->link_control &= ~LINK_DETECTION;
    while ((registers->link_status & LINK_DETECTION) != LINK_PRESENT && wait_on(&wait)) {
    }
}

/* COMRESET: the drive forgets its commands, and keeps what it has written (10.4.2). */
static bool reset_link(struct port_registers *registers)
{
    const uint32_t control = registers->link_control & ~LINK_DETECTION;
    registers->link_control = control | LINK_RESET;
    wait_ns(RESET_NS);
    registers->link_control = control;
    return wait_until(&registers->link_status, LINK_DETECTION, LINK_PRESENT) &&
           wait_until(&registers->task_file, TASK_BUSY | TASK_DATA_REQUEST, 0);
}

/* Begin with nothing pending, and with a drive that is idle (6.2.2.1, 10.3.1). */
static bool start(struct port_registers *registers, bool is_hung)
{
    registers->command |= PORT_RECEIVE; /* or else the drive cannot say that it is idle */
    if ((is_hung || registers->task_file & (TASK_BUSY | TASK_DATA_REQUEST)) &&
        !reset_link(registers)) {
        return false;
    }
    registers->link_error = UINT32_MAX;
    registers->interrupt_status = UINT32_MAX;
    registers->interrupt_enable = PORT_ENDS | PORT_ERRORS;
    registers->command |= PORT_START;
    return true;
}

/* Frames for `bytes`, which the controller can reach; 0 if there are none. */
static uint64_t allocate_frames(const struct port *port, uint64_t bytes)
{
    const struct anos_result frames = anos_alloc_physical_pages(bytes);
    const bool is_low = (frames.value + bytes) >> 32 == 0;
    const bool is_good = frames.type == ANOS_OK && frames.value % ANOS_PAGE_BYTES == 0 &&
                         (is_low || port->controller->registers->abilities & HBA_64BIT);
    return is_good ? frames.value : 0;
}

/* The controller's lists, and behind them so many buffers. */
static bool allocate(struct port *port, unsigned slot_count, uint32_t buffer_bytes)
{
    const uint64_t bytes = MEMORY_BYTES + (uint64_t)slot_count * buffer_bytes;
    const uint64_t frames = allocate_frames(port, bytes);
    const uint64_t window = MEMORY_WINDOW + port->index * WINDOW_BYTES;
    if (frames == 0 || anos_map_physical(frames, window, bytes, ANOS_MAP_READ | ANOS_MAP_WRITE)
                               .type != ANOS_OK) {
        return false;
    }
    memset((void *)window, 0, MEMORY_BYTES);
    port->memory = (struct port_memory *)window;
    port->memory_physical = frames;
    port->buffers = (uint8_t *)window + MEMORY_BYTES;
    port->buffers_physical = frames + MEMORY_BYTES;
    port->buffer_bytes = buffer_bytes;
    port->slot_count = slot_count;
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
    if (!port_stop(registers)) {
        printf("ahcidrv: port %u does not stop\n", index);
        return false;
    }
    const unsigned slots = HBA_SLOTS(controller->registers->abilities);
    if (!allocate(port, slots, PORT_BUFFER_BYTES) &&
        !(slots > FEW_SLOTS && allocate(port, FEW_SLOTS, PORT_BUFFER_BYTES)) &&
        !allocate(port, 1, ANOS_PAGE_BYTES)) {
        printf("ahcidrv: no memory for port %u\n", index);
        return false;
    }
    const uint64_t physical = port->memory_physical;
    for (unsigned slot = 0; slot < COMMAND_SLOTS; slot++) {
        struct command_header *const header = &port->memory->headers[slot];
        const uint64_t table = physical + offsetof(struct port_memory, tables[slot]);
        header->table = (uint32_t)table;
        header->table_upper = (uint32_t)(table >> 32);
    }
    set_address(&registers->list_base, &registers->list_base_upper, physical);
    set_address(&registers->fis_base, &registers->fis_base_upper,
                physical + offsetof(struct port_memory, received));
    port->is_running = start(registers, false);
    if (!port->is_running) {
        printf("ahcidrv: port %u does not start\n", index);
    }
    return port->is_running;
}

/* Fill a slot whose data are at a physical address. */
static void fill(struct port *port, unsigned slot, const struct command *command, uint64_t data)
{
    struct command_header *const header = &port->memory->headers[slot];
    struct command_table *const table = &port->memory->tables[slot];
    table->fis = (struct register_fis){
        .type = FIS_REGISTER,
        .flags = FIS_IS_COMMAND,
        .command = command->code,
        .device = command->device,
        .count = command->count,
        .features = (uint8_t)command->features,
        .features_upper = (uint8_t)(command->features >> 8),
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

void port_prepare(struct port *port, unsigned slot, const struct command *command)
{
    fill(port, slot, command, port->buffers_physical + (uint64_t)slot * port->buffer_bytes);
}

void port_issue(struct port *port, uint32_t slots, bool are_queued)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the controller reads what was prepared */
    if (are_queued) {
        port->registers->active = slots;
    }
    port->registers->issue = slots;
}

uint32_t port_acknowledge(struct port *port)
{
    const uint32_t causes = port->registers->interrupt_status;
    if (causes & PORT_ERRORS) {
        port->registers->interrupt_enable = 0;
    }
    port->registers->interrupt_status = causes; /* the port's before the controller's */
    port->controller->registers->interrupt_status = 1u << port->index;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return causes;
}

bool port_has_link(const struct port *port)
{
    return (port->registers->link_status & LINK_DETECTION) == LINK_PRESENT;
}

void port_restart(struct port *port, bool is_hung)
{
    port->registers->interrupt_enable = 0;
    const bool has_stopped = port_stop(port->registers);
    port->is_running = start(port->registers, is_hung || !has_stopped);
    port_acknowledge(port);
}

/*
 * Wait for the end of slot 0. An error of the drive in PxTFD is a cause of an interrupt, too,
 * so that register need not be read.
 */
static bool wait_for_end(struct port *port)
{
    struct wait wait = { COMMAND_NS, PAUSE_NS_MIN };
    while (wait_on(&wait)) {
        if (port_acknowledge(port) & PORT_ERRORS) {
            return false;
        }
        if (port->registers->issue == 0) {
            return true;
        }
    }
    return false;
}

bool port_run(struct port *port, const struct command *command)
{
    for (int tries = 0; tries < COMMAND_TRIES_MAX && port->is_running; tries++) {
        fill(port, 0, command, port->memory_physical + offsetof(struct port_memory, answer));
        port_issue(port, 1, false);
        if (wait_for_end(port) && port->memory->headers[0].byte_count == command->byte_count) {
            return true;
        }
        port_restart(port, true);
    }
    return false;
}
