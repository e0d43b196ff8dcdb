"""Run the shell on lines that are typed, and see what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.stage3.kernel import Kernel
from anos_sim.toolchain.boot_image import ramfs_files, with_ramfs
from anos_sim.toolchain.options import elf_folder, our_image, sample_disk
from anos_sim.toolchain.script import Script

TURNS_MAX = 3_000_000
PROMPT = "> "
TEST_PROGRAMS = ("staged",)
"""Programs of tests/guest that are in boot:/ besides the usual ones."""


@attrs.frozen
class Typed:
    """Bytes that are typed once the console has said `after` (behind what came before it)."""

    after: str
    keys: bytes


@attrs.frozen
class ShellRun:
    """What the console said, the run's exit status, and the kernel's log."""

    transcript: str
    status: int
    log: str

    def answer(self, command: str) -> str:
        """What the console said between a command's line and the next prompt."""
        for block in self.transcript.split("\n" + "disk0:/")[1:]:
            line, _, rest = block.partition("\n")
            if line.partition(PROMPT)[2] == command:
                return rest + "\n" if rest and not rest.endswith("\n") else rest
        raise AssertionError(f"{command!r} is not in\n{self.transcript}")


def run_shell(
    *lines: str,
    typed: Sequence[Typed] = (),
    disks: Sequence[Path] | None = None,
    write: bool = False,
    policy: str | None = None,
    watch: Callable[[str, Kernel], None] | None = None,
    script: bytes | None = None,
    programs: Mapping[str, bytes] = {},
) -> ShellRun:
    """Boot, have these lines typed, and run to the end of the machine.

    `watch` hears of every piece that the console says. With `typed` there is no end of the
    input behind the lines: some keys must end the machine. `script` is bytes in place of lines,
    `programs` are more files of boot:/.
    """
    images = (sample_disk(),) if disks is None else disks
    machine = Machine(MachineConfig(disks=tuple(map(str, images)), write=write))
    image = our_image()
    extra = {
        f"{name}.elf": (elf_folder() / "tests" / f"{name}.elf").read_bytes()
        for name in TEST_PROGRAMS
    }
    kernel = boot(
        machine, with_ramfs(image, {**ramfs_files(image), **extra, **programs}), policy, 0
    )
    said = bytearray()
    log: list[str] = []
    kernel.on_log = lambda line: log.append(line.text)

    def hear(data: bytes) -> None:
        said.extend(data)
        if watch is not None:
            watch(said.decode("utf-8", "replace"), kernel)

    text = "".join(f"{line}\n" for line in lines).encode() if script is None else script
    machine.serial.on_output = hear
    source = Script(text)
    machine.serial.source = _without_end(source) if typed else source
    waiting = list(typed)
    seen = 0
    for _ in range(TURNS_MAX):
        if not kernel.advance(1):
            break
        if waiting and (at := said.find(waiting[0].after.encode(), seen)) >= 0:
            seen = at + len(waiting[0].after)
            machine.serial.receive(waiting.pop(0).keys)
    else:
        raise AssertionError(f"the run does not end:\n{said.decode('utf-8', 'replace')}")
    outcome = kernel.outcome
    assert outcome is not None
    assert not waiting, f"{waiting[0]} was not reached:\n{said.decode('utf-8', 'replace')}"
    kernel.close()
    machine.close()
    return ShellRun(said.decode("utf-8", "replace"), outcome.status, "\n".join(log))


def _without_end(source: Callable[[], bytes]) -> Callable[[], bytes]:
    return lambda: source().replace(b"\x04", b"")
