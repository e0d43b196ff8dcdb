"""`anos-sim test`: programs that check the kernel's calls from inside the system.

Each is a file of tests/guest that prints `ok NAME` or `FAIL NAME: detail` for
every check and `done N` at the end. `PROGRAMS` is the one list of them.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from anos_sim.hw.arch import default_arch
from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3 import console, devices
from anos_sim.stage3.abi import LAST_SLOT, MSI_FIRST
from anos_sim.stage3.boot import boot
from anos_sim.stage3.image import SystemImage, read_image
from anos_sim.stage3.kernel import Kernel
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome
from anos_sim.stage3.policy import POLICIES

from .errors import UserError
from .options import ARCHITECTURES, elf_folder

PS_PER_MS = 1_000_000_000
END_PS = 60_000 * PS_PER_MS
"""A program that is not done after this much virtual time has failed."""
TURNS = 1000
LITERAL = re.compile(rb"\d+(?:\.\d+)*(?:/\d+)? [\x20-\x7e]{4,100}(?=\0)")


@attrs.frozen
class Program:
    """One program, and what it needs of the machine.

    `deaths` is how many of its processes may end by a fault; `interrupts_ms` is
    when the first vector gets an interrupt. `arch` is the one processor that it
    is about, if it is about one.
    """

    name: str
    subject: str
    deaths: int = 0
    ram_mib: int = 32
    own_calls: bool = False
    interrupts_ms: tuple[int, ...] = ()
    arch: str = ""

    def image(self, arch: str) -> SystemImage:
        """Read it.

        Raises:
            UserError: it was not built.
        """
        image = read_image(self._path(arch), arch)
        return attrs.evolve(image, highest_call=int(LAST_SLOT)) if self.own_calls else image

    def contents(self, arch: str) -> bytes:
        """The bytes of its file.

        Raises:
            UserError: it was not built.
        """
        return self._path(arch).read_bytes()

    def _path(self, arch: str) -> Path:
        path = elf_folder(arch) / "tests" / f"{self.name}.elf"
        if not path.exists():
            raise UserError(f"{path} is missing: run `anos-sim build --arch {arch}` in a checkout")
        return path

    def prepare(self, kernel: Kernel) -> None:
        """Schedule the interrupts that it expects."""
        source = kernel.clock.source("conformance")
        address = kernel.machine.addresses.interrupts
        for time_ms in self.interrupts_ms:
            kernel.clock.at(
                time_ms * PS_PER_MS, source, devices.interrupt, kernel, address, MSI_FIRST
            )


INTERRUPTS_MS = (100, *[200] * 6, 300, 2000, *[2100] * 4, 3300)
"""What tests/guest/interrupts.c counts on."""

PROGRAMS = (
    Program("bounds", "every pointer argument, at the edges"),
    Program("deaths", "what others notice of a death", deaths=5, own_calls=True),
    Program("exits", "how a process ends, and who hears of it", deaths=1, own_calls=True),
    Program("firmware", "firmware tables and framebuffer"),
    Program("grants", "narrowing, passing on and taking back", own_calls=True),
    Program("heap", "much memory, and values that stay", ram_mib=128),
    Program("hostile", "children that do what no program may", deaths=64),
    Program("interrupts", "interrupt vectors", interrupts_ms=INTERRUPTS_MS),
    Program("ipc", "messages inside one process"),
    Program("log", "the kernel log"),
    Program("many", "many threads, senders and receivers"),
    Program("memory", "mapping memory, virtual and physical"),
    Program("names", "channels and their names"),
    Program("notify", "notification objects", own_calls=True),
    Program("own", "the calls from 64 on", own_calls=True),
    Program("pages", "the page of a message between processes"),
    Program("policy", "where the policies differ", deaths=7),
    Program("process", "creating processes, and what they leave behind"),
    Program("protect", "the protection of pages", deaths=6, own_calls=True),
    Program("pthreads", "threads of the C library", own_calls=True),
    Program("regions", "regions and the pages that appear in them"),
    Program("schedule", "who runs when"),
    Program("shared", "memory objects", deaths=1, own_calls=True),
    Program("sharing", "pages that two sides have at once"),
    Program("slowpath", "all calls by int 0x69", arch="x86_64"),
    Program("stack", "what a new process finds on its stack", deaths=2),
    Program("threads", "threads, classes, sleep"),
    Program("wait", "giving way, and waiting for a word", own_calls=True),
)


@attrs.frozen
class Check:
    """One line of a program: its name, and what was wrong, if anything was."""

    name: str
    wrong: str = ""

    def line(self) -> str:
        """As the program printed it."""
        return f"FAIL {self.name}: {self.wrong}" if self.wrong else f"ok {self.name}"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    subjects = "\n".join(f"  {program.name:<12}{program.subject}" for program in PROGRAMS)
    parser = commands.add_parser(
        "test",
        help="check every system call from inside the system",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Boot small programs, one after the other, in place of SYSTEM. They check "
        "every call\nand print a line for each check. Status 0 if all is right, 1 if not.",
        epilog=f"programs:\n{subjects}\n\nexamples:\n"
        "  anos-sim test                      everything, under both policies\n"
        "  anos-sim test ipc --cpus 4         one program, on four CPUs\n"
        "  anos-sim test 1.8/8 --caps bearer  all checks of call 8, under one policy",
    )
    parser.add_argument(
        "filter", nargs="?", default="", metavar="FILTER",
        help="a program, or part of the names of checks",
    )  # fmt: skip
    parser.add_argument(
        "--arch", default=default_arch(), choices=ARCHITECTURES,
        help="the processor; without it that of ANOS_SIM_ARCH, or x86_64",
    )  # fmt: skip
    parser.add_argument("--cpus", type=int, default=1, metavar="N", help="number of CPUs, 1 to 16")
    parser.add_argument(
        "--caps", choices=sorted(POLICIES), help="capability policy (default: both)"
    )
    parser.set_defaults(run=run_test)


def run_test(arguments: argparse.Namespace) -> int:
    """Do it; returns 1 if a check failed."""
    text = arguments.filter
    selected, part = select(text, arguments.arch)
    total = failed = 0
    for policy in [arguments.caps] if arguments.caps else sorted(POLICIES):
        for program in selected:
            checks = [
                check
                for check in run_program(program, policy, arguments.cpus, arguments.arch)
                if part in check.name or check.wrong
            ]
            if checks:
                plural = "" if arguments.cpus == 1 else "s"
                print(f"{program.name}, {policy}, {arguments.cpus} CPU{plural}", flush=True)
            for check in checks:
                print(check.line())
            total += len(checks)
            failed += sum(bool(check.wrong) for check in checks)
    if not total:
        raise UserError(unknown(text, arguments.arch))
    print(f"{total} checks, {failed} failed")
    return 1 if failed else 0


def programs_for(arch: str) -> list[Program]:
    """All programs that are for an architecture."""
    return [program for program in PROGRAMS if program.arch in ("", arch)]


def select(text: str, arch: str) -> tuple[list[Program], str]:
    """The programs that a filter means, and what the names of their checks must contain.

    Raises:
        UserError: there are none.
    """
    programs = programs_for(arch)
    for program in programs:
        if program.name == text:
            return [program], ""
    found = [program for program in programs if text.encode() in program.contents(arch)]
    if not found:
        raise UserError(unknown(text, arch))
    return found, text


def unknown(text: str, arch: str) -> str:
    """What to say about a filter that selects nothing."""
    programs = programs_for(arch)
    names = [program.name for program in programs]
    near = difflib.get_close_matches(text, names, 3, 0.5)
    checks = sorted({name for program in programs for name in check_names(program, arch)})
    words = text.lower().split()
    shared = {name: sum(word in name.lower() for word in words) for name in checks}
    near += sorted((name for name in checks if shared[name]), key=lambda name: -shared[name])[:5]
    near = near or difflib.get_close_matches(text, checks, 5, 0.4) or names
    return f"no program and no check is named {text!r}; near it: {', '.join(near)}"


def check_names(program: Program, arch: str) -> Iterator[str]:
    """Names of checks that a program's file contains; those made at run time are missing."""
    for found in LITERAL.findall(program.contents(arch)):
        yield found.decode()


def run_program(program: Program, policy: str, cpus: int, arch: str) -> list[Check]:
    """Boot a program and collect its checks; one more if it did not end as it should."""
    machine = Machine(MachineConfig(cpus=cpus, ram_mib=program.ram_mib, arch=arch))
    lines: list[str] = []
    try:
        kernel = boot(machine, program.image(arch), policy)
    except BaseException:
        machine.close()
        raise

    def hear(line: LogLine) -> None:
        lines.append(line.text)
        if line.text.startswith("done "):
            kernel.end(Outcome(0, "done"))

    kernel.on_log = hear
    kernel.end_ps = END_PS
    program.prepare(kernel)
    try:
        while kernel.advance(TURNS):
            pass
        for process in kernel.all_processes():
            console.flush(kernel, process)
        assert kernel.outcome is not None
        return read_checks(program, lines, kernel.outcome.cause, kernel.reports)
    finally:
        kernel.close()
        machine.close()


def read_checks(program: Program, lines: list[str], cause: str, reports: list[str]) -> list[Check]:
    """The checks in what a program printed."""
    checks = []
    for line in lines:
        if line.startswith("ok "):
            checks.append(Check(line[3:]))
        elif line.startswith("FAIL "):
            name, _, wrong = line[5:].partition(": ")
            checks.append(Check(name, wrong or "failed"))
    done = [line for line in lines if line.startswith("done ")]
    if done != [f"done {len(checks)}"] or not checks:
        printed = done[-1] if done else f"it did not end: {cause}"
        checks.append(Check(program.name, f"{len(checks)} checks, and {printed!r}"))
    if len(reports) > program.deaths:
        checks.append(Check(program.name, f"{reports[-1].splitlines()[0]}"))
    return checks
