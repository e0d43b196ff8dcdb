"""The user-space ABI: every call, status and structure that a program sees.

This file is the single source. The C headers of libanos are generated from it
(`toolchain/guest/header.py`), docs/protocols.md prints it, and the dispatcher
is checked against it. It imports the standard library only, because the wheel
build reads it before anything is installed.

Calls 1-26 are those of Anos, to the bit. Calls from 64 on are ours; a program
gets them only when its system image asks for them (`NOTE_NAME`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag

PAGE_BYTES = 0x1000
USER_END = 0x0000_8000_0000_0000
"""First address that is not a user address, on every architecture."""
KERNEL_BEGIN = 0xFFFF_8000_0000_0000
PHYSICAL_END = 1 << 40
"""First address that is no physical one."""
REGION_END = 0x8000_0000_0000_0000
"""Upper bound of region arguments: not `USER_END`, as in STAGE3."""
MASK64 = 0xFFFF_FFFF_FFFF_FFFF

TICK_NS = 10_000_000
SLICE_TICKS = 10
CPUS_MAX = 16
SLOW_VECTOR = 0x69
"""`int 0x69` is the slow system call; never handed out as an MSI vector."""
MSI_FIRST, MSI_LAST = 0x40, 0xDF
MSI_ADDRESS = 0xFEE0_0000
INTERRUPT_QUEUE_MAX = 4
INTERRUPT_SLOW_TICKS = 100
LOG_BYTES = 64 * 1024
REGIONS_MAX = 16
STACK_VALUES_MAX = 16384
NAME_BYTES_MAX = 255
CAPABILITY_SLOTS = 128

SYSTEM_BASE = 0x0100_0000
SYSTEM_BSS = 0x4000_0000
SYSTEM_BSS_PAGES = 96
SYSTEM_STACK_PAGES = 4
PROGRAM_BASE = 0x0200_0000
STACK_TOP = 0x4400_0000

RAMFS_MAGIC = 0x0101_CA75
RAMFS_VERSION = 10
RAMFS_NAME_BYTES = 16

NOTE_NAME = "anos-sim"
"""Name of the ELF note `.note.anos-sim`: one u32, the highest call id it knows."""
NOTE_TYPE = 1


class Status(IntEnum):
    """The `type` half of a result. The value half is 0 unless it is OK."""

    OK = 0
    FAILURE = -1
    BAD_NUMBER = -2
    NOT_IMPL = -3
    BADARGS = -4
    BAD_NAME = -5
    TIMED_OUT = -64
    """Ours: a wait with a limit has reached it."""
    RESTARTED = -65
    """Ours: who had the message ended unanswered, and another one takes its place."""
    INCAPABLE = -254


class ThreadClass(IntEnum):
    """Scheduling classes; a higher class always goes first."""

    IDLE = 0
    NORMAL = 1
    HIGH = 2
    REALTIME = 3


class MapFlags(IntFlag):
    """Protection of `map_virtual`, `map_physical` and `map_into`."""

    READ = 1
    WRITE = 2
    EXEC = 4
    NOCACHE = 8


class RegionFlags(IntFlag):
    """Flags of a region. AUTOMAP: pages appear, zeroed, when they are touched."""

    AUTOMAP = 1


class Rights(IntFlag):
    """What a capability allows. Rights only shrink on the way down the tree.

    CALL: make a system call. SEND, RECEIVE, NAME, DESTROY: of a channel; of a
    notification SEND is to signal and RECEIVE to wait. RECEIVE of interrupt vectors:
    allocate them and wait for them. READ, WRITE, EXEC: map physical memory or a
    memory object so. OBSERVE, KILL, REVOKE: of a process. GRANT: delegate it.
    """

    CALL = 1 << 0
    SEND = 1 << 1
    RECEIVE = 1 << 2
    NAME = 1 << 3
    DESTROY = 1 << 4
    GRANT = 1 << 5
    READ = 1 << 6
    WRITE = 1 << 7
    EXEC = 1 << 8
    OBSERVE = 1 << 9
    KILL = 1 << 10
    REVOKE = 1 << 11


ALL_RIGHTS = (1 << 12) - 1


class ObjectKind(IntEnum):
    """What a capability is a right to: the upper half of `inspect`'s value."""

    CALL = 1
    CHANNEL = 2
    PROCESS = 3
    PHYSICAL = 4
    VECTORS = 5
    VECTOR = 6
    NOTIFICATION = 7
    MEMORY = 8


class ProcessEnd(IntEnum):
    """How far a process is, or how it ended: the upper half of `process_status`'s value."""

    ALIVE = 0
    EXITED = 1
    KILLED = 2
    FAULTED = 3


class SlotFlags(IntFlag):
    """Flags of a capability in a message. MOVE: the sender gives it away; else it keeps it."""

    MOVE = 1


class ClockId(IntEnum):
    """What `clock` reads: nanoseconds since power-on, or since 1970."""

    UPTIME = 0
    REALTIME = 1


class PowerAction(IntEnum):
    """What `power` does to the machine: switch it off, or start it anew on the same disks."""

    OFF = 0
    REBOOT = 1


class Sysno(IntEnum):
    """Call ids: the index in a program's cookie array, and of its capability."""

    DEBUG_PRINT = 1
    DEBUG_CHAR = 2
    CREATE_THREAD = 3
    MEMSTATS = 4
    SLEEP = 5
    CREATE_PROCESS = 6
    MAP_VIRTUAL = 7
    SEND_MESSAGE = 8
    RECV_MESSAGE = 9
    REPLY_MESSAGE = 10
    CREATE_CHANNEL = 11
    DESTROY_CHANNEL = 12
    REGISTER_NAMED_CHANNEL = 13
    DEREGISTER_NAMED_CHANNEL = 14
    FIND_NAMED_CHANNEL = 15
    KILL_CURRENT_TASK = 16
    UNMAP_VIRTUAL = 17
    CREATE_REGION = 18
    DESTROY_REGION = 19
    MAP_FIRMWARE_TABLES = 20
    MAP_PHYSICAL = 21
    ALLOC_PHYSICAL_PAGES = 22
    ALLOC_INTERRUPT_VECTOR = 23
    WAIT_INTERRUPT = 24
    READ_KERNEL_LOG = 25
    GET_FRAMEBUFFER_PHYS = 26

    GIVE = 64
    TAKE = 65
    BUILD_PROCESS = 66
    MAP_INTO = 67
    START_PROCESS = 68
    KILL_PROCESS = 69
    SET_THREAD_POINTER = 70
    CLOCK = 71
    POWER = 72
    INSPECT = 73
    DROP = 74
    MINT = 75
    MINT_RANGE = 76
    REVOKE = 77
    SEND_TRANSFER = 78
    RECV_TRANSFER = 79
    REPLY_TRANSFER = 80
    CREATE_NOTIFICATION = 81
    SIGNAL = 82
    WAIT = 83
    YIELD = 84
    PROTECT = 85
    EXIT_PROCESS = 86
    WATCH_PROCESS = 87
    PROCESS_STATUS = 88
    CREATE_MEMORY = 89
    MAP_MEMORY = 90
    FUTEX_WAIT = 91
    FUTEX_WAKE = 92
    LIST_CAPABILITIES = 93
    SUPERVISE_CHANNEL = 94


class ObjectSlot(IntEnum):
    """Indices in a program's cookie array of capabilities to objects, not to calls.

    SYSTEM starts with DEVICE_MEMORY (all that is no RAM) and INTERRUPT_VECTORS
    (all of them). A bus driver gets the device memory below 4 GiB, that above,
    the configuration space of its buses and the vectors; a driver its registers,
    its function's configuration page and its own vectors.

    PROCESS_CONTROL is the right to look at and end SYSTEM's processes. STDIN,
    STDOUT and STDERR are channels that speak the stream protocol. ENVIRONMENT is
    the one that is no capability: the address of the program's environment.
    SUPERVISOR is a channel to SYSTEM, of a program that SYSTEM restarts.
    """

    DEVICE_MEMORY = 112
    DEVICE_MEMORY_HIGH = 113
    CONFIG_SPACE = 114
    INTERRUPT_VECTORS = 115
    PROCESS_CONTROL = 116
    STDIN = 117
    STDOUT = 118
    STDERR = 119
    ENVIRONMENT = 120
    SUPERVISOR = 121


FIRST_OWN_SYSNO = 64
LAST_SYSNO = max(Sysno)
LAST_SLOT = max(ObjectSlot)
FIRST_DIRECTORY_SLOT = 104
DIRECTORY_SLOTS = 8
"""Directories and files that a program was started with: handles, in slots from 104 on."""
TRANSFER_SLOTS_MAX = 8
"""Capabilities in one message."""
NOTIFICATION_BITS = 64


@dataclass(frozen=True)
class Call:
    """One system call as C sees it.

    `arguments` are (C type, name) in register order; `doc` is one paragraph
    for the header and for docs/protocols.md.
    """

    number: Sysno
    symbol: str
    arguments: tuple[tuple[str, str], ...]
    doc: str

    @property
    def config_name(self) -> str:
        """The name a boot config uses: `SYSCALL_` and the Sysno's name."""
        return f"SYSCALL_{self.number.name}"


_U64, _PTR = "uint64_t", "void *"

CALLS: tuple[Call, ...] = (
    Call(
        Sysno.DEBUG_PRINT,
        "anos_kprint",
        (("const char *", "text"),),
        "Append a NUL-terminated text to the kernel log.",
    ),
    Call(
        Sysno.DEBUG_CHAR,
        "anos_kputchar",
        (("uint8_t", "character"),),
        "Write one character to the host console, not into the kernel log.",
    ),
    Call(
        Sysno.CREATE_THREAD,
        "anos_create_thread",
        ((_PTR, "entry"), (_PTR, "stack_pointer"), ("uint8_t", "thread_class")),
        "Start a thread in this process. The value is its id.",
    ),
    Call(
        Sysno.MEMSTATS,
        "anos_get_mem_info",
        (("struct anos_mem_info *", "info"),),
        "Total and free bytes of managed memory.",
    ),
    Call(
        Sysno.SLEEP,
        "anos_task_sleep_current",
        ((_U64, "nanoseconds"),),
        "Sleep to the first tick (10 ms) at or after the given time.",
    ),
    Call(
        Sysno.CREATE_PROCESS,
        "anos_create_process",
        (("const struct anos_process_params *", "params"),),
        "Start a process that shares regions of the caller, copy-on-write. The value is its pid.",
    ),
    Call(
        Sysno.MAP_VIRTUAL,
        "anos_map_virtual",
        ((_U64, "size"), (_U64, "base"), (_U64, "flags")),
        "Map zeroed memory. The value is the base, rounded up to a page.",
    ),
    Call(
        Sysno.SEND_MESSAGE,
        "anos_send_message",
        ((_U64, "channel"), (_U64, "tag"), (_U64, "size"), (_PTR, "buffer")),
        "Send a message and wait for the reply, which is the value and never 0.",
    ),
    Call(
        Sysno.RECV_MESSAGE,
        "anos_recv_message",
        ((_U64, "channel"), ("uint64_t *", "tag"), ("uint64_t *", "size"), (_PTR, "buffer")),
        "Wait for a message; the sender's page appears at `buffer`. The value is its cookie.",
    ),
    Call(
        Sysno.REPLY_MESSAGE,
        "anos_reply_message",
        ((_U64, "message"), (_U64, "reply")),
        "Answer a message. The value is the message's cookie.",
    ),
    Call(
        Sysno.CREATE_CHANNEL, "anos_create_channel", (), "Make a channel. The value is its cookie."
    ),
    Call(
        Sysno.DESTROY_CHANNEL,
        "anos_destroy_channel",
        ((_U64, "channel"),),
        "Destroy a channel: its waiting senders and receivers wake with FAILURE.",
    ),
    Call(
        Sysno.REGISTER_NAMED_CHANNEL,
        "anos_register_channel_name",
        ((_U64, "channel"), ("const char *", "name")),
        "Give a channel a name that others can find it by.",
    ),
    Call(
        Sysno.DEREGISTER_NAMED_CHANNEL,
        "anos_remove_channel_name",
        (("const char *", "name"),),
        "Remove a channel's name.",
    ),
    Call(
        Sysno.FIND_NAMED_CHANNEL,
        "anos_find_named_channel",
        (("const char *", "name"),),
        "Find a channel by name. The value is its cookie, 0 if there is none.",
    ),
    Call(
        Sysno.KILL_CURRENT_TASK,
        "anos_kill_current_task",
        (),
        "End this thread, and the process if it was the last one.",
    ),
    Call(
        Sysno.UNMAP_VIRTUAL,
        "anos_unmap_virtual",
        ((_U64, "size"), (_U64, "base")),
        "Unmap pages; size and base are rounded up.",
    ),
    Call(
        Sysno.CREATE_REGION,
        "anos_create_region",
        ((_U64, "start"), (_U64, "end"), (_U64, "flags")),
        "Reserve addresses; with AUTOMAP their pages appear when touched.",
    ),
    Call(
        Sysno.DESTROY_REGION,
        "anos_destroy_region",
        ((_U64, "start"),),
        "Forget the region that starts there. Its pages stay mapped.",
    ),
    Call(
        Sysno.MAP_FIRMWARE_TABLES,
        "anos_map_firmware_tables",
        ((_PTR, "rsdp"),),
        "Copy out the ACPI root pointer, once per boot.",
    ),
    Call(
        Sysno.MAP_PHYSICAL,
        "anos_map_physical",
        ((_U64, "physical"), (_U64, "base"), (_U64, "size"), (_U64, "flags")),
        "Map physical memory or device registers.",
    ),
    Call(
        Sysno.ALLOC_PHYSICAL_PAGES,
        "anos_alloc_physical_pages",
        ((_U64, "size"),),
        "Allocate contiguous frames for DMA. The value is their physical address.",
    ),
    Call(
        Sysno.ALLOC_INTERRUPT_VECTOR,
        "anos_alloc_interrupt_vector",
        (("uint32_t", "bdf"), ("uint64_t *", "address"), ("uint32_t *", "data")),
        "Allocate an MSI vector and tell what to write into the device. The value is the vector.",
    ),
    Call(
        Sysno.WAIT_INTERRUPT,
        "anos_wait_interrupt",
        (("uint8_t", "vector"), ("uint32_t *", "event")),
        "Wait for an interrupt on a vector of this process.",
    ),
    Call(
        Sysno.READ_KERNEL_LOG,
        "anos_read_kernel_log",
        ((_PTR, "buffer"), (_U64, "size"), (_U64, "flags")),
        "Take bytes out of the kernel log, waiting while there are none. The value is how many.",
    ),
    Call(
        Sysno.GET_FRAMEBUFFER_PHYS,
        "anos_get_framebuffer_phys",
        (("struct anos_framebuffer *", "info"),),
        "Where the framebuffer is and what it looks like.",
    ),
    Call(
        Sysno.GIVE,
        "anos_give",
        ((_U64, "target"), (_U64, "cookie"), (_U64, "rights")),
        "Delegate a capability, narrowed to `rights` (0: all), to the sender of a message being "
        "served or to a process. The value is its cookie there. Errors: FAILURE if the target is "
        "unknown, BADARGS if the cookie is not held.",
    ),
    Call(
        Sysno.TAKE,
        "anos_take",
        ((_U64, "message"), (_U64, "number"), (_U64, "rights")),
        "Derive a capability, narrowed to `rights` (0: all), from what the sender of a message "
        "being served holds under `number`. The value is its cookie here. Errors: FAILURE if the "
        "message is unknown, BADARGS if the sender does not hold it.",
    ),
    Call(
        Sysno.BUILD_PROCESS,
        "anos_build_process",
        ((_U64, "thread_class"),),
        "Make an empty process that does not run yet. The value is a process capability, which "
        "outlives the process: it then tells how that ended, until it is dropped.",
    ),
    Call(
        Sysno.MAP_INTO,
        "anos_map_into",
        ((_U64, "process"), (_U64, "source"), (_U64, "target"), (_U64, "size"), (_U64, "flags")),
        "Map the caller's pages at `source` into a process being built, at `target` with the "
        "protection `flags`; pages that either side may write become copy-on-write. Pages that the "
        "caller has by a right (map_physical, map_memory) are left out. With source 0 the range is "
        "demand-zero memory.",
    ),
    Call(
        Sysno.START_PROCESS,
        "anos_start_process",
        ((_U64, "process"), (_U64, "entry"), (_U64, "stack_pointer")),
        "Start a process that was built. The value is its pid.",
    ),
    Call(
        Sysno.KILL_PROCESS,
        "anos_kill_process",
        ((_U64, "process"),),
        "End a process, built or running, at once; 0 is the caller's own. Errors: FAILURE if it is "
        "not held or has ended, INCAPABLE without KILL.",
    ),
    Call(
        Sysno.SET_THREAD_POINTER,
        "anos_set_thread_pointer",
        ((_U64, "address"),),
        "Set the thread pointer (FS base, tp) of this thread.",
    ),
    Call(
        Sysno.CLOCK,
        "anos_clock",
        ((_U64, "clock"),),
        "Read a clock, in nanoseconds (ANOS_CLOCK_UPTIME, ANOS_CLOCK_REALTIME).",
    ),
    Call(
        Sysno.POWER,
        "anos_power",
        ((_U64, "action"), (_U64, "status")),
        "Switch the machine off (ANOS_POWER_OFF); `status` becomes the run's exit status.",
    ),
    Call(
        Sysno.INSPECT,
        "anos_inspect",
        ((_U64, "cookie"),),
        "Tell what a capability held here is a right to: the kind (ANOS_OBJECT_...) in the upper "
        "32 bits; below them a call's id, a channel's number or a process's pid. Errors: BADARGS "
        "if it is not held.",
    ),
    Call(
        Sysno.DROP,
        "anos_drop",
        ((_U64, "cookie"),),
        "Give up a capability. What was derived from it stays valid. Under `bearer` nothing "
        "happens, except that the maker of a notification, a memory object or a process forgets "
        "its number. Errors: BADARGS if it is not held.",
    ),
    Call(
        Sysno.MINT,
        "anos_mint",
        ((_U64, "cookie"), (_U64, "rights"), (_U64, "badge")),
        "Derive a capability of the caller's own, narrowed to `rights` (0: all). A badge other "
        "than 0 marks it: who receives a message sent through it, or what is derived from it, "
        "is told the badge. The value is the new cookie. Errors: BADARGS if the cookie is not "
        "held, or if it has a badge already and another one is asked for.",
    ),
    Call(
        Sysno.MINT_RANGE,
        "anos_mint_range",
        ((_U64, "cookie"), (_U64, "start"), (_U64, "size"), (_U64, "rights")),
        "Derive a capability to a part of physical memory (`start` is an address) or of interrupt "
        "vectors (`start` is a number). The value is the new cookie. Errors: BADARGS if the cookie "
        "is not held, is no range, or does not cover the part; memory goes by whole pages.",
    ),
    Call(
        Sysno.REVOKE,
        "anos_revoke",
        ((_U64, "cookie"), (_U64, "process")),
        "Take back everything that was derived from a capability, at once; the capability itself "
        "stays. With a process (a capability with REVOKE) only what that one holds, and what it "
        "passed on; 0: all. Who waits by a revoked right wakes with INCAPABLE, mappings and "
        "interrupt vectors made by it go. The value is how many were revoked. Errors: BADARGS if "
        "the cookie is not held, FAILURE if the process is unknown.",
    ),
    Call(
        Sysno.SEND_TRANSFER,
        "anos_send_transfer",
        (
            (_U64, "channel"),
            (_U64, "tag"),
            (_U64, "size"),
            (_PTR, "buffer"),
            ("struct anos_transfer *", "transfer"),
        ),
        "Send a message with up to 8 capabilities, and wait for the reply, whose capabilities then "
        "are in `transfer`. Each is derived for the receiver, narrowed to its `rights` (0: all), "
        "or moved there. Errors: as send_message; BADARGS for a bad transfer or a cookie that is "
        "not held, INCAPABLE for one without GRANT.",
    ),
    Call(
        Sysno.RECV_TRANSFER,
        "anos_recv_transfer",
        (
            (_U64, "channel"),
            ("uint64_t *", "tag"),
            ("uint64_t *", "size"),
            (_PTR, "buffer"),
            ("struct anos_transfer *", "transfer"),
        ),
        "Receive a message, its badge and its capabilities, waiting at most `timeout_ns` (0: for "
        "ever). Errors: as recv_message; TIMED_OUT.",
    ),
    Call(
        Sysno.REPLY_TRANSFER,
        "anos_reply_transfer",
        ((_U64, "message"), (_U64, "reply"), ("const struct anos_transfer *", "transfer")),
        "Answer a message and pass capabilities to its sender, if it asked with send_transfer. "
        "Errors: as reply_message; BADARGS and INCAPABLE as send_transfer, and then the message "
        "is still unanswered.",
    ),
    Call(
        Sysno.CREATE_NOTIFICATION,
        "anos_create_notification",
        (),
        "Make a notification object of 64 bits, all 0. The value is its cookie.",
    ),
    Call(
        Sysno.SIGNAL,
        "anos_signal",
        ((_U64, "notification"), (_U64, "bits")),
        "Set bits of a notification and wake who waits for one of them, in order: each takes all "
        "set bits that it waits for, and bits that nobody waits for stay. Never blocks. Errors: "
        "FAILURE if it is not held, INCAPABLE without SEND.",
    ),
    Call(
        Sysno.WAIT,
        "anos_wait",
        ((_U64, "notification"), (_U64, "mask"), (_U64, "timeout_ns")),
        "Wait until a bit of `mask` is set and take all of the mask's bits that are: they are the "
        "value, and 0 in the notification. At most `timeout_ns` (0: for ever). Errors: FAILURE if "
        "it is not held, INCAPABLE without RECEIVE or when that is taken away meanwhile, BADARGS "
        "for an empty mask, TIMED_OUT.",
    ),
    Call(
        Sysno.YIELD,
        "anos_yield",
        (),
        "Go behind the ready threads of this CPU that have the same class and priority; higher "
        "ones go first as well, lower ones do not run because of it.",
    ),
    Call(
        Sysno.PROTECT,
        "anos_protect",
        ((_U64, "size"), (_U64, "base"), (_U64, "flags")),
        "Change the protection of the caller's pages: READ, WRITE, EXEC, or 0 for no access. What "
        "is in them stays. A page of an AUTOMAP region that has not appeared yet counts as mapped. "
        "A page that is the caller's own memory may get WRITE: if others have it too, the first "
        "write makes a copy. One that is mapped by a right (map_physical, map_memory) gets what a "
        "capability held here allows. Under `derived` WRITE and EXEC exclude each other. Errors: "
        "BADARGS for no range of whole pages or unknown flags, FAILURE if a page is not mapped, is "
        "a message's, or may not be had so; nothing has changed then.",
    ),
    Call(
        Sysno.EXIT_PROCESS,
        "anos_exit_process",
        ((_U64, "status"),),
        "End this process with all its threads; the low 32 bits of `status` are kept for who "
        "observes it.",
    ),
    Call(
        Sysno.WATCH_PROCESS,
        "anos_watch_process",
        ((_U64, "process"), (_U64, "notification"), (_U64, "bits")),
        "Have bits of a notification signalled when a process ends, at once if it has. It rests on "
        "both capabilities: without one of them nothing is signalled. Errors: "
        "FAILURE if one of them is not held, INCAPABLE without OBSERVE or SEND.",
    ),
    Call(
        Sysno.PROCESS_STATUS,
        "anos_process_status",
        ((_U64, "process"),),
        "How far a process is: ANOS_END_... in the upper 32 bits, below them its exit status, once "
        "it has exited (by exit_process, or with its last thread). Errors: FAILURE if it is not "
        "held, INCAPABLE without OBSERVE.",
    ),
    Call(
        Sysno.CREATE_MEMORY,
        "anos_create_memory",
        ((_U64, "size"),),
        "Make a memory object of zeroed pages that several processes can map. It lives until the "
        "last capability to it is gone; who loses the right to it loses the pages that were mapped "
        "by it, but a page that came with a message only with the reply. New processes do not "
        "inherit its pages. The value is its cookie. Errors: BADARGS for no whole pages, FAILURE "
        "if there is no memory.",
    ),
    Call(
        Sysno.MAP_MEMORY,
        "anos_map_memory",
        ((_U64, "memory"), (_U64, "base"), (_U64, "offset"), (_U64, "size"), (_U64, "flags")),
        "Map part of a memory object over whatever is at `base`. Errors: FAILURE if it is not held "
        "or has no such part, INCAPABLE without READ, WRITE or EXEC as `flags` ask, BADARGS for a "
        "bad range.",
    ),
    Call(
        Sysno.FUTEX_WAIT,
        "anos_futex_wait",
        (("const uint32_t *", "word"), ("uint32_t", "expected"), (_U64, "timeout_ns")),
        "Wait until the word is woken, if it still has the expected value, at most `timeout_ns` "
        "(0: for ever). A word is an address of this process: other processes do not wake it. "
        "Errors: FAILURE if it has another value, BADARGS if it is unaligned or cannot be read, "
        "TIMED_OUT.",
    ),
    Call(
        Sysno.FUTEX_WAKE,
        "anos_futex_wake",
        (("const uint32_t *", "word"), (_U64, "count")),
        "Wake up to `count` threads of this process that wait for the word. The value is how many.",
    ),
    Call(
        Sysno.LIST_CAPABILITIES,
        "anos_list_capabilities",
        (("struct anos_capability_info *", "list"), (_U64, "count"), (_U64, "first")),
        "Describe the caller's own capabilities, oldest first, from number `first` on: at most "
        "`count` of them. The value is how many were written. Errors: BADARGS if the caller may "
        "not write there.",
    ),
    Call(
        Sysno.SUPERVISE_CHANNEL,
        "anos_supervise_channel",
        ((_U64, "channel"), (_U64, "generation")),
        "Say that whoever serves the channel now has a successor, of this generation (0: it has "
        "none, as without this call). When it ends, who waits for its answer hears RESTARTED and "
        "the generation; when the call is made for the successor, so does who waits in the queue, "
        "and everybody else who has sent to it, instead of sending, once; and names stay. "
        "Generations count one by one. Needs DESTROY. Errors: FAILURE if there is no such "
        "channel, INCAPABLE.",
    ),
)


def config_names() -> dict[str, int]:
    """What a boot config calls the capabilities that a program can have: name to id."""
    calls = {call.config_name: int(call.number) for call in CALLS}
    objects = [slot for slot in ObjectSlot if slot <= ObjectSlot.PROCESS_CONTROL]
    return {**calls, **{slot.name: int(slot) for slot in objects}}


@dataclass(frozen=True)
class Struct:
    """A structure in user memory: (C type, name, offset) per field, and its size.

    A name may be an array's: `slots[8]`. A structure comes after those it contains.
    """

    name: str
    bytes: int
    fields: tuple[tuple[str, str, int], ...]
    doc: str


STRUCTS: tuple[Struct, ...] = (
    Struct(
        "anos_mem_info",
        16,
        ((_U64, "total_bytes", 0), (_U64, "free_bytes", 8)),
        "Answer of get_mem_info: the whole machine's managed memory.",
    ),
    Struct(
        "anos_region",
        16,
        ((_U64, "start", 0), (_U64, "bytes", 8)),
        "A range of the caller that create_process shares with the child.",
    ),
    Struct(
        "anos_process_params",
        64,
        (
            (_U64, "entry", 0),
            (_U64, "stack_base", 8),
            (_U64, "stack_bytes", 16),
            ("uint8_t", "region_count", 24),
            ("uint8_t", "thread_class", 25),
            ("uint64_t", "regions", 32),
            ("uint16_t", "stack_value_count", 40),
            ("uint64_t", "stack_values", 48),
        ),
        "Argument of create_process; the reserved bytes are 0.",
    ),
    Struct(
        "anos_framebuffer",
        40,
        (
            (_U64, "physical", 0),
            ("uint32_t", "width", 8),
            ("uint32_t", "height", 12),
            ("uint32_t", "pitch", 16),
            ("uint32_t", "bits_per_pixel", 20),
        ),
        "Answer of get_framebuffer_phys: 32 bits a pixel, XRGB.",
    ),
    Struct(
        "anos_slot",
        16,
        ((_U64, "cookie", 0), ("uint32_t", "rights", 8), ("uint32_t", "flags", 12)),
        "A capability in a message: sent, its cookie, the rights to pass on (0: all) and "
        "ANOS_SLOT_MOVE or 0; received, its cookie here (0: it was gone by then) and its rights.",
    ),
    Struct(
        "anos_transfer",
        152,
        (
            (_U64, "timeout_ns", 0),
            (_U64, "badge", 8),
            ("uint32_t", "count", 16),
            ("struct anos_slot", "slots[8]", 24),
        ),
        "What goes with a message besides its page. `timeout_ns` is read by recv_transfer, `badge` "
        "is written by it; `count` slots are read by send and reply, written by receive and at "
        "the end of send.",
    ),
    Struct(
        "anos_capability_info",
        48,
        (
            (_U64, "cookie", 0),
            ("uint32_t", "kind", 8),
            ("uint32_t", "rights", 12),
            (_U64, "number", 16),
            (_U64, "start", 24),
            (_U64, "size", 32),
            (_U64, "badge", 40),
        ),
        "One capability: what `inspect` tells as kind and number; `start` and `size` of a range "
        "(bytes, or vectors) or of a memory object. A channel's `size` is how much hangs on the "
        "capability: 0 if nobody holds anything that was derived from it.",
    ),
)
