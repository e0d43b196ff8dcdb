"""Calls 64, 65, 73 to 77 and 93: delegating, narrowing, revoking and looking (ours)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeVar

from .abi import ObjectKind, Rights, Status, Sysno
from .capability import Capability
from .errors import SyscallError
from .objects import KernelObject, PhysicalRange, VectorRange
from .process import Process, ProcessState
from .syscall import syscall

if TYPE_CHECKING:
    from .kernel import Kernel
    from .thread import Thread

_INFO = struct.Struct("<QIIQQQQ")


T = TypeVar("T", bound=KernelObject)


def find_object(
    kernel: Kernel, caller: Thread, cookie: int, kind: type[T], right: Rights
) -> tuple[Capability, T]:
    """What a cookie stands for, if that is an object of a kind and it may be used so.

    Raises:
        SyscallError(FAILURE): it stands for none here.
        SyscallError(INCAPABLE): it lacks the right.
    """
    held = caller.process.capabilities.get(cookie)
    if held is None or not isinstance(held.target, kind):
        kernel.refused(caller, cookie)
        raise SyscallError(Status.FAILURE)
    if not held.rights & right:
        raise SyscallError(Status.INCAPABLE)
    kernel.used(caller, held, right)
    return held, held.target


def find_process(kernel: Kernel, caller: Thread, cookie: int, right: Rights) -> Process:
    """The process that a cookie stands for, living or dead; refuses as `find_object` does."""
    return find_object(kernel, caller, cookie, Process, right)[1]


def find_held(kernel: Kernel, caller: Thread, cookie: int) -> Capability:
    """What the caller holds under a cookie. Raises BADARGS if it holds nothing."""
    held = caller.process.capabilities.get(cookie)
    if held is None:
        kernel.refused(caller, cookie)
        raise SyscallError(Status.BADARGS)
    return held


@syscall(Sysno.GIVE)
def give(kernel: Kernel, caller: Thread, target: int, cookie: int, rights: int) -> int:
    """Delegate to the sender of a message being served, or to a process; returns the cookie there.

    Raises:
        SyscallError(FAILURE): no such message or process, or its sender, or it, is gone.
        SyscallError(BADARGS): the cookie is not held.
        SyscallError(INCAPABLE): the capability lacks GRANT, or the process's one KILL.
    """
    message = caller.process.messages.get(target)
    if message is not None and message.abandoned:
        raise SyscallError(Status.FAILURE)
    if message is not None:
        receiver = message.sender.process
    else:
        receiver = find_process(kernel, caller, target, Rights.KILL)
        if receiver.state is ProcessState.DEAD:
            raise SyscallError(Status.FAILURE)
    return kernel.policy.give(caller, receiver, message, cookie, rights)


@syscall(Sysno.TAKE)
def take(kernel: Kernel, caller: Thread, message_cookie: int, number: int, rights: int) -> int:
    """Derive from what the sender of a message holds under `number`; returns the cookie here.

    Raises:
        SyscallError(FAILURE): no such message, or its sender is gone.
        SyscallError(BADARGS): the sender does not hold it.
        SyscallError(INCAPABLE): the sender holds it without GRANT.
    """
    message = caller.process.messages.get(message_cookie)
    if message is None or message.abandoned:
        raise SyscallError(Status.FAILURE)
    return kernel.policy.take(caller, message, number, rights)


@syscall(Sysno.INSPECT)
def inspect(kernel: Kernel, caller: Thread, cookie: int) -> int:
    """Tell what a cookie stands for here: kind << 32 | number.

    Raises:
        SyscallError(BADARGS): it is not held.
    """
    kind, number = find_held(kernel, caller, cookie).target.identity
    return kind << 32 | number & 0xFFFF_FFFF


@syscall(Sysno.DROP)
def drop(kernel: Kernel, caller: Thread, cookie: int) -> int:
    """Give up a capability; what was derived from it stays valid.

    Raises:
        SyscallError(BADARGS): it is not held.
    """
    find_held(kernel, caller, cookie)
    kernel.policy.dropped(caller, cookie)
    return 0


@syscall(Sysno.MINT)
def mint(kernel: Kernel, caller: Thread, cookie: int, rights: int, badge: int) -> int:
    """Derive a narrower capability of the caller's own, perhaps with a badge.

    Raises:
        SyscallError(BADARGS): it is not held, or has another badge.
    """
    held = find_held(kernel, caller, cookie)
    if badge and held.badge and badge != held.badge:
        raise SyscallError(Status.BADARGS)
    return kernel.policy.mint(caller, held, rights, badge, None, "mint")


@syscall(Sysno.MINT_RANGE)
def mint_range(
    kernel: Kernel, caller: Thread, cookie: int, start: int, size: int, rights: int
) -> int:
    """Derive a capability to a part of a range of memory or of vectors.

    Raises:
        SyscallError(BADARGS): it is not held, is no range, or does not cover the part.
    """
    held = find_held(kernel, caller, cookie)
    target = held.target
    if not isinstance(target, PhysicalRange | VectorRange):
        raise SyscallError(Status.BADARGS)
    part = target.part(start, size)
    if part is None:
        raise SyscallError(Status.BADARGS)
    return kernel.policy.mint(caller, held, rights, 0, part, "mint_range")


@syscall(Sysno.REVOKE)
def revoke(kernel: Kernel, caller: Thread, cookie: int, process: int) -> int:
    """Take back what was derived from a capability; returns how many went.

    Raises:
        SyscallError(BADARGS): it is not held.
        SyscallError(FAILURE): there is no such process.
        SyscallError(INCAPABLE): the process's capability lacks REVOKE.
    """
    held = find_held(kernel, caller, cookie)
    holder = find_process(kernel, caller, process, Rights.REVOKE) if process else None
    return kernel.policy.revoke(caller, held, holder)


@syscall(Sysno.LIST_CAPABILITIES)
def list_capabilities(kernel: Kernel, caller: Thread, pointer: int, count: int, first: int) -> int:
    """Describe the caller's own capabilities, oldest first.

    Raises:
        SyscallError(BADARGS): the caller may not write there.
    """
    held = list(caller.process.capabilities.values())[first : first + count]
    if not caller.process.space.store(pointer, b"".join(map(_describe, held))):
        raise SyscallError(Status.BADARGS)
    return len(held)


def _describe(held: Capability) -> bytes:
    kind, number = held.target.identity
    start, size = held.target.extent
    if kind == ObjectKind.CHANNEL:
        size = len(held.derived())
    return _INFO.pack(held.cookie, kind, held.rights, number, start, size, held.badge)
