"""What is measured: one row a figure, with what it is compared to and its budget."""

from __future__ import annotations

import attrs

RATES = ("MB/s", "M/s")
"""Units of which more is better."""
CPU_COUNTS = (1, 2, 4, 8, 16)
RING_SIZES = (2, 10, 100, 1000)
X86_64_ONLY = ("chaos",)
"""Groups that say the same on every architecture, so that one is enough."""


@attrs.frozen
class Budget:
    """What a row may be: `limit` times its base, or in its own unit if `absolute`."""

    limit: float
    absolute: bool = False


@attrs.frozen
class Row:
    """One figure. `group` measures it; its base is another row, counted `times` times.

    Ratios are taken within one run: what slows a host down slows both sides.
    """

    name: str
    subject: str
    unit: str
    group: str
    base: str = ""
    times: int = 1
    budget: Budget | None = None

    @property
    def is_rate(self) -> bool:
        """Is more better?"""
        return self.unit in RATES

    def against(self) -> str:
        """The base, for people."""
        return f"{self.times} x {self.base}" if self.times > 1 else self.base

    def budget_text(self) -> str:
        """The budget, for people."""
        if self.budget is None:
            return ""
        sign = ">=" if self.is_rate else "<="
        return f"{sign} {self.budget.limit:g} {self.unit if self.budget.absolute else 'x'}"

    def is_met(self, value: float, ratio: float | None) -> bool | None:
        """Is the budget kept? None if there is none."""
        if self.budget is None:
            return None
        figure = value if self.budget.absolute or ratio is None else ratio
        return figure >= self.budget.limit if self.is_rate else figure <= self.budget.limit


def _at(limit: float) -> Budget:
    return Budget(limit)


def _is(limit: float) -> Budget:
    return Budget(limit, absolute=True)


def _kernel(name: str, subject: str, base: str = "null-call", **keys: object) -> Row:
    return Row(name, subject, "us", "kernel", base, **keys)  # type: ignore[arg-type]


ROWS: tuple[Row, ...] = (
    Row("bare-trap", "trap on bare Unicorn, by its Python binding", "us", "kernel"),
    _kernel("null-call", "null system call", "bare-trap", budget=_at(0.35)),
    _kernel("ipc", "IPC round trip, tag only", times=3, budget=_at(2.0)),
    _kernel("ipc-page", "IPC round trip with a page", "ipc", budget=_at(1.15)),
    _kernel("map-unmap", "map and unmap a page"),
    _kernel("map-touch-unmap", "map, touch and unmap a page", budget=_is(9)),
    _kernel("page-fault", "page fault on demand-zero memory"),
    _kernel("thread", "thread: create, message, exit", budget=_is(18)),
    _kernel("process", "process: create, message, exit"),
    _kernel("delegate", "capability: take from a sender, and drop"),
    _kernel("mint", "capability: mint with a badge, and drop"),
    Row("bare-short", "loop of 2 instructions, bare", "M/s", "kernel"),
    Row("compute-short", "loop of 2 instructions", "M/s", "kernel", "bare-short"),
    Row("block", "accounting and preemption, a block", "ns", "kernel", budget=_is(1.5)),
    Row("bare-long", "loop of 12 instructions, bare", "M/s", "kernel"),
    Row("compute-long", "loop of 12 instructions", "M/s", "kernel", "bare-long", budget=_at(0.85)),
    Row("vfs", "VFS look-up", "us", "files", "ipc-page", budget=_is(12)),
    Row("memcpy", "copying in the host's memory", "MB/s", "files"),
    Row("ramfs-load", "RAMFS through SYSTEM", "MB/s", "files", "memcpy", budget=_is(200)),
    Row("ahci-read", "disk through AHCI and DMA", "MB/s", "files", "memcpy"),
    Row("file-read", "file through FAT32, AHCI, DMA", "MB/s", "files", "memcpy", budget=_is(60)),
    Row("file-write", "new file, synced to the disk", "MB/s", "files", "memcpy", budget=_is(30)),
    Row("fread", "file-read by the C library", "MB/s", "files", "file-read", budget=_at(0.85)),
    Row("fwrite", "file-write by the C library", "MB/s", "files", "file-write", budget=_at(0.9)),
    Row("imports", "Python's start and our imports", "s", "boot"),
    Row("boot", "boot to files listed, after imports", "s", "boot", budget=_is(0.25)),
    Row("process-boot", "`anos-sim run`, the whole process", "s", "boot", budget=_is(0.6)),
    Row("events-off", "16 pairs exchange messages, events off", "us", "events"),
    Row("events-on", "the same, recording", "us", "events", "events-off", budget=_at(1.3)),
    Row("boot-off", "boot to files listed, events off", "s", "events"),
    Row("boot-on", "the same, recording", "s", "events", "boot-off", budget=_at(1.3)),
    Row("chaos-plain", "100 file operations, taken from a boot", "s", "chaos"),
    Row(
        "chaos-unarmed",
        "the same in chaos, no fault",
        "s",
        "chaos",
        "chaos-plain",
        budget=_at(1.02),
    ),
    Row("chaos-run", "fork, run, check and judge it", "s", "chaos", "chaos-plain"),
    *(
        Row(f"cpus-{n}", f"16 pairs exchange messages on {n} CPUs", "us", "cpus", base)
        for n, base in zip(CPU_COUNTS, ("", *["cpus-1"] * 4), strict=True)
    ),
    Row("ring-2", "a message round 2 processes, a hop", "us", "ring"),
    Row("ring-10", "the same, round 10", "us", "ring", "ring-2"),
    Row("ring-100", "the same, round 100", "us", "ring", "ring-2"),
    Row("ring-1000", "the same, round 1,000", "us", "ring", "ring-2", budget=_at(1.5)),
    Row("memory", "host memory of a process", "KiB", "ring", budget=_is(32)),
)
ROWS_BY_NAME = {row.name: row for row in ROWS}
GROUP_NAMES = tuple(dict.fromkeys(row.group for row in ROWS))
