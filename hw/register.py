"""Registers, declared the way a data sheet lists them.

A device is a `RegisterBlock` with one `Reg32` a line: its offset, what software
may write (`rw`), clear by writing one (`w1c`) or set by writing one (`w1s`), and
its value after reset. The device itself sees plain integers; the guest goes
through `read` and `write`, which apply the masks and then call the hook.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar, overload

U32 = 0xFFFF_FFFF

ReadHook = TypeVar("ReadHook", bound=Callable[[Any], None])
WriteHook = TypeVar("WriteHook", bound=Callable[[Any, int], None])


class Reg32:
    """One 32-bit register at `offset`; bits in no mask are read-only to software."""

    def __init__(
        self, offset: int, *, rw: int = 0, w1c: int = 0, w1s: int = 0, reset: int = 0
    ) -> None:
        assert offset % 4 == 0, "a register is aligned"
        assert rw & w1c | rw & w1s | w1c & w1s == 0, "a bit has one kind of access"
        self.offset = offset
        self.rw = rw
        self.w1c = w1c
        self.w1s = w1s
        self.reset = reset
        self.read_hook: Callable[[Any], None] | None = None
        self.write_hook: Callable[[Any, int], None] | None = None

    def on_read(self, hook: ReadHook) -> ReadHook:
        """Decorate a method that runs before software reads the register."""
        self.read_hook = hook
        return hook

    def on_write(self, hook: WriteHook) -> WriteHook:
        """Decorate a method that runs after software wrote; it is given the value before."""
        self.write_hook = hook
        return hook

    @overload
    def __get__(self, block: None, owner: type) -> Self: ...
    @overload
    def __get__(self, block: RegisterBlock, owner: type) -> int: ...
    def __get__(self, block: RegisterBlock | None, owner: type) -> Self | int:
        return self if block is None else block.values[self.offset]

    def __set__(self, block: RegisterBlock, value: int) -> None:
        block.values[self.offset] = value & U32


class RegisterBlock:
    """Registers at fixed offsets; a hole between them reads zero and ignores writes.

    An access is 1, 2 or 4 bytes and lies within one register, as the bus sees
    to it. A narrow write touches only its own bytes.
    """

    registers: ClassVar[dict[int, Reg32]] = {}

    def __init_subclass__(cls) -> None:
        declared = {r.offset: r for r in vars(cls).values() if isinstance(r, Reg32)}
        cls.registers = cls.registers | declared

    def __init__(self) -> None:
        self.values = {offset: register.reset for offset, register in self.registers.items()}

    def read(self, offset: int, size: int) -> int:
        """Return what software reads."""
        register = self.registers.get(offset & ~3)
        if register is None:
            return 0
        if register.read_hook is not None:
            register.read_hook(self)
        return self.values[register.offset] >> 8 * (offset & 3) & U32 >> 32 - 8 * size

    def write(self, offset: int, size: int, value: int) -> None:
        """Apply what software writes, then let the register's hook act on it."""
        register = self.registers.get(offset & ~3)
        if register is None:
            return
        lanes = (U32 >> 32 - 8 * size) << 8 * (offset & 3)
        written = value << 8 * (offset & 3) & lanes
        before = self.values[register.offset]
        kept = before & ~(register.rw & lanes) & ~(register.w1c & written)
        self.values[register.offset] = kept | written & (register.rw | register.w1s)
        if register.write_hook is not None:
            register.write_hook(self, before)
