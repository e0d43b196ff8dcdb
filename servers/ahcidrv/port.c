/* A port, and its commands: one in slot 0, or a queue of them (AHCI 1.3.1, 5.5, 6.2 and 10). */
#include "port.h"

#include <anos/abi.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_WINDOW UINT64_C(0xa000000000)
#define WINDOW_BYTES UINT64_C(0x40000)
#define MEMORY_BYTES ((sizeof(struct port_memory) + ANOS_PAGE_BYTES - 1) & -ANOS_PAGE_BYTES)
#define STOP_TICKS_MAX 100     /* 1 s; what works stops in half of that (10.1.2) */
#define COMMAND_TICKS_MAX 3000 /* 30 s, if commands are polled for */
#define TICK_WAIT_NS 1 /* asleep until the next tick */
#define SECTOR_BYTES 512
#define FIS_WORDS (sizeof(struct register_fis) / sizeof(uint32_t))

/* Commands of a queue (SATA 3.0, 13.6; ATA8-ACS, 7). */
#define READ_FPDMA_QUEUED 0x60
#define WRITE_FPDMA_QUEUED 0x61
#define QUEUED_DEVICE 0x40
#define TAG_SHIFT 3
#define READ_LOG_EXT 0x2f
#define QUEUE_ERROR_LOG 0x10
#define LOG_BYTES 512

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

/* Frames for `bytes`, which the controller can reach; 0 if there are none. */
static uint64_t allocate_frames(const struct port *port, uint64_t bytes)
{
    const struct anos_result frames = anos_alloc_physical_pages(bytes);
    const bool is_low = (frames.value + bytes) >> 32 == 0;
    const bool is_good = frames.type == ANOS_OK && frames.value % ANOS_PAGE_BYTES == 0 &&
                         (is_low || port->controller->registers->abilities & HBA_64BIT);
    return is_good ? frames.value : 0;
}

/* The controller's alone: its lists, and behind them the buffer. */
static bool allocate(struct port *port)
{
    uint64_t bytes = MEMORY_BYTES + PORT_BUFFER_BYTES;
    uint64_t frames = allocate_frames(port, bytes);
    if (frames == 0) {
        bytes = MEMORY_BYTES + ANOS_PAGE_BYTES;
        frames = allocate_frames(port, bytes);
    }
    const uint64_t window = MEMORY_WINDOW + port->index * WINDOW_BYTES;
    if (frames == 0 || anos_map_physical(frames, window, bytes, ANOS_MAP_READ | ANOS_MAP_WRITE)
                               .type != ANOS_OK) {
        return false;
    }
    memset((void *)window, 0, MEMORY_BYTES);
    port->memory = (struct port_memory *)window;
    port->memory_physical = frames;
    port->buffer = (uint8_t *)window + MEMORY_BYTES;
    port->buffer_physical = frames + MEMORY_BYTES;
    port->buffer_bytes = (uint32_t)(bytes - MEMORY_BYTES);
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
    for (unsigned slot = 0; slot < COMMAND_SLOTS; slot++) {
        struct command_header *const header = &port->memory->headers[slot];
        const uint64_t table = physical + offsetof(struct port_memory, tables[slot]);
        header->table = (uint32_t)table;
        header->table_upper = (uint32_t)(table >> 32);
    }
    set_address(&registers->list_base, &registers->list_base_upper, physical);
    set_address(&registers->fis_base, &registers->fis_base_upper,
                physical + offsetof(struct port_memory, received));
    port->is_running = start(registers);
    registers->interrupt_enable = PORT_ENDS | PORT_ERRORS;
    if (!port->is_running) {
        printf("ahcidrv: port %u does not start\n", index);
    }
    return port->is_running;
}

/* Fill a slot: the command, and where in the buffer its data are. */
static void prepare(struct port *port, unsigned slot, const struct command *command,
                    uint32_t buffer_offset)
{
    struct command_header *const header = &port->memory->headers[slot];
    struct command_table *const table = &port->memory->tables[slot];
    const uint64_t data = port->buffer_physical + buffer_offset;
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

/* The causes of the port's interrupt; they are cleared, the port's before the controller's. */
static uint32_t acknowledge(struct port *port)
{
    const uint32_t causes = port->registers->interrupt_status;
    port->registers->interrupt_status = causes;
    port->controller->registers->interrupt_status = 1u << port->index;
    return causes;
}

/*
 * Wait for the end of all commands. Interrupts are kept until they are waited for,
 * so none is missed; one that was left over from an earlier command is no harm, for
 * only the slots' bits say that a command is done. An error of the drive in PxTFD is
 * a cause of an interrupt, too, so that register need not be read.
 */
static bool wait_for_end(struct port *port, const volatile uint32_t *under_way)
{
    for (int ticks = 0; ticks < COMMAND_TICKS_MAX;) {
        ticks += !controller_wait(port->controller);
        if (acknowledge(port) & PORT_ERRORS) {
            return false;
        }
        if (*under_way == 0) {
            return true;
        }
    }
    return false;
}

/* A drive that was pulled out does not come back: the port rests. */
static bool is_plugged_in(struct port *port)
{
    const bool has_link = (port->registers->link_status & LINK_DETECTION) == LINK_PRESENT;
    if (!has_link && port->is_running) {
        printf("ahcidrv: the disk at port %u is gone\n", port->index);
        port->is_running = false;
        acknowledge(port);
    }
    return port->is_running;
}

/* An error stops the port until it is started anew (6.2.2). */
static void start_anew(struct port *port)
{
    if (!is_plugged_in(port)) {
        return;
    }
    port->is_running = stop(port->registers) && start(port->registers);
    acknowledge(port);
}

/* Carry out what was prepared in slot 0, by whoever has the controller. */
static bool run_alone(struct port *port, const struct command *command)
{
    prepare(port, 0, command, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the controller reads what was prepared */
    port->registers->issue = 1;
    const bool has_ended = wait_for_end(port, &port->registers->issue);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    const bool is_done = has_ended && port->memory->headers[0].byte_count == command->byte_count;
    if (!is_done) {
        start_anew(port);
    }
    return is_done;
}

bool port_run(struct port *port, const struct command *command)
{
    lock_take(&port->controller->lock);
    const bool is_done = is_plugged_in(port) && run_alone(port, command);
    lock_release(&port->controller->lock);
    return is_done;
}

/* After an error in its queue a drive takes no queued commands until its log is read (13.7). */
static void read_error_log(struct port *port)
{
    const struct command command = {
        .code = READ_LOG_EXT,
        .count = 1,
        .sector = QUEUE_ERROR_LOG,
        .byte_count = LOG_BYTES,
    };
    if (port->is_running) {
        run_alone(port, &command);
    }
}

/* Put all pieces of a transfer into slots; a bit for each. */
static uint32_t prepare_queue(struct port *port, bool writes, uint64_t sector, uint32_t count)
{
    uint32_t slots = 0, offset = 0;
    for (unsigned slot = 0; count > 0; slot++) {
        const uint32_t most = PORT_QUEUED_BYTES / SECTOR_BYTES;
        const uint32_t piece = count < most ? count : most;
        const struct command command = {
            .code = writes ? WRITE_FPDMA_QUEUED : READ_FPDMA_QUEUED,
            .writes = writes,
            .device = QUEUED_DEVICE,
            .features = (uint16_t)piece,
            .count = (uint16_t)(slot << TAG_SHIFT),
            .sector = sector,
            .byte_count = piece * SECTOR_BYTES,
        };
        prepare(port, slot, &command, offset);
        slots |= 1u << slot;
        sector += piece;
        offset += piece * SECTOR_BYTES;
        count -= piece;
    }
    return slots;
}

bool port_run_queue(struct port *port, bool writes, uint64_t sector, uint32_t count)
{
    lock_take(&port->controller->lock);
    if (!is_plugged_in(port)) {
        lock_release(&port->controller->lock);
        return false;
    }
    const uint32_t slots = prepare_queue(port, writes, sector, count);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    port->registers->active = slots;
    port->registers->issue = slots;
    const bool is_done = wait_for_end(port, &port->registers->active);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!is_done) {
        start_anew(port);
        read_error_log(port);
    }
    lock_release(&port->controller->lock);
    return is_done;
}
