"""The table of system calls: `@syscall(number)` files a handler in it.

A handler is the rule itself: a plain function of the kernel, the calling thread
and its arguments. It returns the value of an OK result, or None when the caller
is blocked, dead or already answered; it raises `SyscallError` to refuse, and
then nothing has changed. Handlers never await, so what one has checked is still
true when it acts.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .abi import MASK64, USER_END, Status, Sysno
from .errors import SyscallError

if TYPE_CHECKING:
    from .objects import Handler

TABLE: dict[Sysno, Handler] = {}
Rule = TypeVar("Rule", bound=Callable[..., "int | None"])

_ADAPTERS: dict[int, Callable[[Any], Any]] = {
    0: lambda rule: lambda k, t, a: rule(k, t),
    1: lambda rule: lambda k, t, a: rule(k, t, a[0]),
    2: lambda rule: lambda k, t, a: rule(k, t, a[0], a[1]),
    3: lambda rule: lambda k, t, a: rule(k, t, a[0], a[1], a[2]),
    4: lambda rule: lambda k, t, a: rule(k, t, a[0], a[1], a[2], a[3]),
    5: lambda rule: lambda k, t, a: rule(k, t, a[0], a[1], a[2], a[3], a[4]),
}
"""From a rule to a handler that takes the argument registers as one view."""


def syscall(number: Sysno) -> Callable[[Rule], Rule]:
    """File a rule as the handler of a call.

    Its parameters after the thread are the arguments, or one that is called
    `arguments` has them all; those that have a default are for other rules.
    """

    def file(rule: Rule) -> Rule:
        parameters = inspect.signature(rule).parameters
        arity = sum(each.default is each.empty for each in parameters.values()) - 2
        TABLE[number] = rule if "arguments" in parameters else _ADAPTERS[arity](rule)
        return rule

    return file


def is_user(address: int) -> bool:
    """Is this an address that a program may use at all?"""
    return address < USER_END


def require_user(address: int, status: Status = Status.BADARGS) -> None:
    """Refuse an address outside the user half."""
    if address >= USER_END:
        raise SyscallError(status)


def round_up(value: int) -> int:
    """To the next page, wrapping at 2^64 as the real kernel's arithmetic does."""
    return (value + 0xFFF) & ~0xFFF & MASK64
