"""Death notices: a notification that is signalled when a process ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from . import notification as notifications

if TYPE_CHECKING:
    from .capability import Capability
    from .kernel import Kernel
    from .notification import Notification
    from .process import Process


@attrs.define(eq=False)
class Watch:
    """`bits` of a notification are to be signalled when a process ends.

    It rests on two capabilities, OBSERVE `by` the process's and SEND `through` the
    notification's, and is forgotten when one of them goes. Both objects know it,
    until the process has ended.
    """

    process: Process
    notification: Notification
    by: Capability
    through: Capability
    bits: int

    def remember(self) -> None:
        """Enter it on both sides; bits of an earlier one through the same capability stay."""
        before = self.process.watches.get(self.through)
        if before is not None:
            self.bits |= before.bits
        self.process.watches[self.through] = self
        self.notification.watches[self.process, self.through] = self

    def forget(self) -> None:
        """Take it out on both sides."""
        self.process.watches.pop(self.through, None)
        self.notification.watches.pop((self.process, self.through), None)


def tell(kernel: Kernel, process: Process) -> None:
    """A process has ended: signal who watches it, in the order of their asking."""
    for watch in list(process.watches.values()):
        watch.forget()
        notifications.signal(kernel, watch.notification, watch.bits, None)


def forget_lost(target: Process | Notification) -> None:
    """Capabilities to one side have gone: forget the watches that rested on them."""
    for watch in list(target.watches.values()):
        if not (watch.by.alive and watch.through.alive):
            watch.forget()
