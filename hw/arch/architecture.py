"""What the kernel and the machine ask of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from .trap import Trap

Load = Callable[[int, int], bytes | None]
"""Read (address, bytes) as the program would; None if it may not."""


@attrs.frozen(kw_only=True)
class PageBits:
    """A page-table entry of the lowest level. Tables have 512 entries, and there are 4 levels.

    `present`, `write` and `user` may be several bits, which are then always set together.
    An entry without `accessed` is in no TLB. `cow`, `device` and `shared` are the kernel's
    (stage3/physical.py) and ignored by the MMU.
    """

    present: int
    write: int
    user: int
    accessed: int
    no_cache: int
    execute_mask: int
    execute: int
    """What an entry has in `execute_mask` if its page may be executed."""
    cow: int
    device: int
    shared: int
    frame_mask: int
    frame_shift: int
    """`(entry & frame_mask) >> frame_shift` is the frame's number."""
    table: int
    """The bits of an entry that names a lower table, whose number stands as a frame's does."""

    def frame(self, entry: int) -> int:
        """The number of the frame that an entry names."""
        return (entry & self.frame_mask) >> self.frame_shift

    def may_execute(self, entry: int) -> bool:
        """Whether an entry allows its page to be executed."""
        return entry & self.execute_mask == self.execute

    @property
    def no_execute(self) -> int:
        """What an entry has in `execute_mask` if its page may not be executed."""
        return self.execute ^ self.execute_mask

    @property
    def by_right(self) -> int:
        """An entry with one of these bits is there by a right that can be taken away."""
        return self.device | self.shared


@attrs.frozen(kw_only=True)
class AddressMap:
    """Where a board has what: physical addresses, all of them of whole pages."""

    ram: int
    ecam: int
    pci: int
    pci_bytes: int
    pci_64: int
    pci_64_bytes: int
    framebuffer: int
    clock: int
    interrupts: int
    """A page for each CPU: a word stored there is a message-signalled interrupt."""
    windows: tuple[tuple[int, int], ...]
    """Where devices may be, apart from what RAM and the framebuffer take: (begin, end)."""


@attrs.frozen(kw_only=True)
class BoardFacts:
    """What firmware tells of a board besides its addresses. `pitch` is in bytes."""

    cpu_count: int
    bus_count: int
    ram_bytes: int
    width: int
    height: int
    pitch: int


@attrs.frozen(kw_only=True)
class Architecture:
    """One architecture. `number` is its place in architectures[] of arch.c."""

    name: str
    number: int
    elf_machine: int
    pages: PageBits
    addresses: AddressMap
    registers: tuple[str, ...]
    """In the order of the C file."""
    report: tuple[tuple[str, ...], ...]
    """The rows of registers in the report of a death."""
    pc: str
    stack_pointer: str
    frame_pointer: str
    frame_record: int
    """Where the caller's frame pointer is, from this one; the return address follows it."""
    return_register: str = ""
    """What has the return address where a function begins; without it, it is on the stack."""
    devices_on_stage3: bool
    """Does STAGE3 map firmware tables and allocate interrupt vectors there (anos-abi 1.8)?"""
    jumps_to_self: tuple[bytes, ...]
    """Instructions that a thread never leaves."""
    causes: Mapping[Trap, str]
    """Of traps that need no more than a word."""
    describe: Callable[[Trap, int, int, Load], str]
    """Why the program ends: (EXCEPTION, ILLEGAL or PORT_IO, number, pc, how to read its memory)."""
    operand: Callable[[int, Mapping[str, int], Load], int | None]
    """The first address that the instruction at pc reads or writes, if it can be told."""

    madt: Callable[[int, AddressMap], bytes]
    """The ACPI table of so many CPUs' interrupt controllers, behind its header."""
    cpu_tables: Mapping[bytes, Callable[[int], bytes]] = {}
    """Further ACPI tables about so many CPUs, likewise, by their signatures."""
    device_tree: Callable[[AddressMap, BoardFacts], bytes] | None = None
    """The flattened device tree, where software expects one."""

    def is_stuck(self, pc: int, load: Load) -> bool:
        """Does the instruction at pc jump to itself?"""
        return any(load(pc, len(code)) == code for code in self.jumps_to_self)
