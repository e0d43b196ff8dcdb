"""A run is a function of its image, its configuration and its seed: nothing else shows.

What would make it otherwise (the order of a set, the host's clock) is put into the
kernel on purpose below, and `run --check` must find it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.check import find_difference
from anos_sim.toolchain.run_hash import RunHash
from support.architectures import architectures
from support.golden import golden_events
from support.kernel import PROGRAMS, boot_image, program_image, run_image

GOLDEN = {
    "x86_64": "1a56826bb2723659bec29a3f765c6355",
    "riscv64": "ef8416e12c300b87049fd7910ea05b43",
}
"""The hash of the golden scenario's events, on any host. It changes when the kernel's
decisions, its costs, the table of events or its packed form do, and never else: say why.
`ANOS_SIM_ARCH=NAME python -m support.golden` in tests/ shows the events and the hash."""
EVENTS_SCRIPT = """
import sys
from support.kernel import program_image, run_image
run = run_image(program_image(sys.argv[1]), sys.argv[2], int(sys.argv[3]), seed=7, record=True)
print(run.time_ps, *run.lines, *run.reports, *run.events, sep="\\n")
"""
SEEDS = 50
SEEDS_SCRIPT = """
import sys
from anos_sim.stage3.event_log import EventLog
from anos_sim.toolchain.run_hash import RunHash
from support.kernel import boot_image, program_image

watch, seeds = sys.argv[1], int(sys.argv[2])
image = program_image("many")
for cpus in (1, 4, 16):
    for seed in range(seeds):
        kernel = boot_image(image, "derived", cpus, seed)
        run_hash, texts = RunHash(kernel.machine), []
        kernel.on_log = run_hash.add_line
        kernel.end_ps = 60 * 10**9
        log = EventLog(keep=False)
        if watch != "silent":
            kernel.record(log)
        if watch == "watched":
            log.listen(lambda events: texts.extend(event.line() for event in events))
        while kernel.advance(7 if watch == "watched" else 1000):
            pass
        events = log.hash() if watch != "silent" else "-"
        print(cpus, seed, run_hash.digest(kernel), events)
        kernel.close()
        kernel.machine.close()
"""
INJECTIONS = {
    "nothing": "",
    "the order of a set": """
def place(self):
    names = {f"cpu{cpu.index}" for cpu in self.cpus}
    return self.cpus[int(next(iter(names)).removeprefix("cpu"))]
Kernel.place = place
""",
    "the host's clock": """
import time
sleep = Kernel.sleep
def sleep_longer(self, thread, nanoseconds):
    sleep(self, thread, nanoseconds + time.monotonic_ns() % 997 * 10_000_000)
Kernel.sleep = sleep_longer
""",
}
TESTS = Path(__file__).resolve().parents[1]


def start(script: str, hash_seed: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A script in a Python of its own, which hashes differently."""
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], env=environment, stdout=subprocess.PIPE
    )


@pytest.mark.parametrize("cpus", [1, 4])
@pytest.mark.parametrize("program", ["process", "pages", "threads"])
def test_two_runs_are_the_same_to_the_last_event(program: str, cpus: int) -> None:
    runs = [start(EVENTS_SCRIPT, seed, program, "derived", str(cpus)) for seed in ("1", "2")]
    first, second = (run.communicate()[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(first.splitlines()) > 200
    assert first == second


def test_fifty_seeds_on_1_4_and_16_cpus_are_the_same_in_every_process_watched_or_not() -> None:
    """Each line: CPUs, seed, hash of log, disk and counters, hash of the events."""
    watches = ("silent", "recorded", "watched")
    runs = [
        start(SEEDS_SCRIPT, str(number), watch, str(SEEDS))
        for number, watch in enumerate(watches, 1)
    ]
    outputs = [run.communicate()[0].decode().splitlines() for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    silent, recorded, watched = ([line.split() for line in lines] for lines in outputs)
    assert len(silent) == 3 * SEEDS
    assert recorded == watched
    assert [line[:3] for line in silent] == [line[:3] for line in recorded]
    assert len({line[3] for line in recorded}) == len(recorded), "every seed has its own cookies"


@architectures
def test_the_golden_scenario_has_the_events_that_it_has_on_every_host(arch: str) -> None:
    log = golden_events(arch)
    shown = "\n".join(event.line() for event in log.events)
    assert log.hash() == GOLDEN[arch], f"the events are now\n{shown}"


@pytest.mark.parametrize("injected", INJECTIONS)
def test_a_check_finds_what_makes_a_run_unrepeatable(injected: str, tmp_path: Path) -> None:
    code = "from anos_sim.stage3.kernel import Kernel\n" + INJECTIONS[injected]
    (tmp_path / "sitecustomize.py").write_text(code)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    system = ["--system", str(PROGRAMS / "many.elf"), "--caps", "derived", "--cpus", "16"]
    done = subprocess.run(
        [sys.executable, "-m", "anos_sim.toolchain", "run", "--check", *system, "--for", "300ms"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if injected == "nothing":
        assert (done.returncode, done.stderr) == (0, "")
        assert "the two runs are the same" in done.stdout
    else:
        assert (done.returncode, done.stderr) == (1, "")
        assert "the two runs differ" in done.stdout
        assert "first " in done.stdout
        assert "second " in done.stdout


def test_a_difference_is_shown_with_what_came_before_and_both_sides() -> None:
    events = golden_events().events
    changed = [*events[:100], events[100]._replace(time_ps=1), *events[101:]]
    lines = find_difference(iter(events), iter(changed))
    assert [line.split()[0] for line in lines[:5]] == ["96", "97", "98", "99", "100"]
    assert [line.split()[0] for line in lines[5:]] == ["first"] * 3 + ["second"] * 3
    assert find_difference(iter(events), iter(events)) == []
    ended = find_difference(iter(events), iter(events[:100]))
    assert ended[-1].split(maxsplit=1) == ["second", "(has ended)"]


@pytest.mark.parametrize("policy", ["derived", "bearer"])
@pytest.mark.parametrize("program", ["own", "grants", "deaths", "notify", "exits", "hostile"])
def test_watching_changes_nothing_whatever_a_program_does(program: str, policy: str) -> None:
    hashes = set()
    for watched in (False, True):
        kernel = boot_image(program_image(program, own_calls=True), policy, cpus=2, seed=3)
        run_hash = RunHash(kernel.machine)
        kernel.on_log = run_hash.add_line
        kernel.end_ps = 100 * 10**9
        log = EventLog()
        if watched:
            kernel.record(log)
        while kernel.advance(1000):
            pass
        hashes.add(run_hash.digest(kernel))
        assert bool(log.events) == watched
        kernel.close()
        kernel.machine.close()
    assert len(hashes) == 1


def test_the_seed_changes_the_cookies_and_not_the_outcome() -> None:
    runs = [run_image(program_image("names"), seed=seed, record=True) for seed in (1, 2)]
    assert runs[0].lines == runs[1].lines
    assert runs[0].events != runs[1].events
