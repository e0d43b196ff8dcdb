"""ramfs ends while files are copied into it and out of it: they are there, and right."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.hw.arch import DEFAULT
from anos_sim.hw.clock import PS_PER_US
from anos_sim.toolchain.chaos import crashes
from anos_sim.toolchain.chaos.crashes import FILES, Copying
from anos_sim.toolchain.script import Script
from support.architectures import architectures

TURNS_MAX = 3_000_000
INTO = "".join(f"cp from{n} ram:{n}\n" for n in range(FILES))
OUT_OF = "".join(f"cp ram:{n} to{n}\n" for n in range(FILES))


def copy_through(
    folder: Path, script: str, times: int, every_ps: int, arch: str = DEFAULT.name
) -> Copying:
    """Type a script, and meanwhile end ramfs so often, once a period from its first word on."""
    copying = crashes.start(folder, "ramfs", 0, True, arch)
    copying.machine.serial.source = Script(script.encode())
    kernel, ended, due_ps = copying.kernel, 0, 0
    for _ in range(TURNS_MAX):
        if not kernel.advance(1):
            break
        if due_ps == 0 and b"cp from0" in copying.said:
            due_ps = kernel.latest_ps() + every_ps
        if ended < times and 0 < due_ps <= kernel.latest_ps() and copying.end("ramfs"):
            ended += 1
            due_ps = kernel.latest_ps() + every_ps
    assert ended == copying.starts() == times, copying.lines
    return copying


@pytest.mark.parametrize(("times", "every_us"), [(1, 1000), (1, 3000), (4, 1100), (12, 430)])
@architectures
def test_copies_into_memory_and_out_of_it_are_right_though_ramfs_ends(
    tmp_path: Path, times: int, every_us: int, arch: str
) -> None:
    copying = copy_through(tmp_path, INTO + OUT_OF, times, every_us * PS_PER_US, arch)
    assert copying.wrong() == [], copying.said.decode()
    copying.close()


def test_no_memory_is_lost_with_ramfs(tmp_path: Path) -> None:
    remove = "".join(f"rm ram:{n}\n" for n in range(FILES))
    found = []
    for times in (2, 9):
        copying = copy_through(tmp_path, 4 * INTO + remove, times, 300 * PS_PER_US)
        kernel = copying.kernel
        objects = {each.number for each in kernel.physical.memory_objects.values()}
        found.append((len(objects), kernel.tree.count))
        copying.close()
    assert found[0] == found[1]
