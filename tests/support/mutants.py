"""Seeded faults in the capability and IPC code, each of which the rule machines must find.

    PYTHONPATH=tests .venv/bin/python -m support.mutants [--only WORD] [--list]

A mutant is one place in stage3 and what a careless hand could have made of it. The
package is copied, changed there, and its tests run in a process of their own: if they
still pass, the mutant survives, and the tests are not worth much. docs/reliability.md
has the list and what came out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import attrs

TESTS = Path(__file__).parents[1]
TESTS_OF_MUTANTS = [
    "test_paths.py", "test_messages.py", "test_supervised_channel.py", "test_delegation.py",
    "test_ipc.py", "test_capability.py",
]  # fmt: skip
SECONDS_MAX = 600
FAILED = 1
"""pytest's exit status when a test has failed."""


@attrs.frozen
class Mutant:
    """In `file` of stage3 `old`, which is there once, becomes `new`."""

    file: str
    old: str
    new: str
    why: str


MUTANTS = (
    Mutant(
        "delegation.py",
        "rights = int(rights) & source.rights\n        made = self._make(",
        "rights = int(rights)\n        made = self._make(",
        "delegation does not mask the rights with the source's",
    ),
    Mutant(
        "delegation.py",
        "rights = int(rights) & source.rights\n        target =",
        "rights = int(rights)\n        target =",
        "mint does not mask the rights",
    ),
    Mutant(
        "delegation.py",
        "made = self._make(holder, source.target, rights, source.badge, source, origin)",
        "made = self._make(holder, source.target, rights, source.badge, "
        "source.parent or source, origin)",
        "a capability hangs on its source's parent: revoking the source spares it",
    ),
    Mutant(
        "delegation.py",
        "made = self._make(holder, source.target, rights, source.badge, source, origin)",
        "made = self._make(holder, source.target, rights, 0, source, origin)",
        "the badge is lost on the way down",
    ),
    Mutant(
        "delegation.py",
        "        if rights & RECEIVE:\n            target.receiver_count += 1\n"
        "        if isinstance(target, SystemCall)",
        "        if rights & RECEIVE:\n            target.receiver_count += 2\n"
        "        if isinstance(target, SystemCall)",
        "the count of receivers is off by one: a channel outlives its last receiver",
    ),
    Mutant(
        "delegation.py",
        "            if node.children:\n                pending += list(",
        "            if node.children and len(gone) < 2:\n                pending += list(",
        "revoking stops below the second capability",
    ),
    Mutant(
        "delegation.py",
        "            if node.alive and node.holder is holder:\n                found.append(node)\n"
        "            else:",
        "            if node.alive and node.holder is holder:\n                found.append(node)\n"
        "            elif node.alive:",
        "revoking per holder does not look below tombstones",
    ),
    Mutant(
        "delegation.py",
        "        if capability.children:\n            self._shorten(capability)\n"
        "        else:\n            self._prune(capability)",
        "        self._prune(capability)\n        if capability.parent is not None:\n"
        "            (capability.parent.children or {}).pop(capability, None)",
        "a dropped capability leaves no tombstone: what hung on it is out of the tree",
    ),
    Mutant(
        "delegation.py",
        "            holder.calls.pop(cookie, None)",
        "            pass",
        "a call that was taken away can still be made",
    ),
    Mutant(
        "derived.py",
        "        if held is None or not held.rights & GRANT:\n            return word",
        "        if held is None:\n            return word",
        "GRANT is not asked for on a new process's stack",
    ),
    Mutant(
        "derived.py",
        "        if not held.rights & GRANT:\n            raise SyscallError(Status.INCAPABLE)\n"
        "        return held",
        "        return held",
        "GRANT is not asked for by give, take and slots",
    ),
    Mutant(
        "derived.py",
        "return self.delegate(named, finder.process, SEND, ",
        "return self.delegate(named, finder.process, ALL_RIGHTS, ",
        "finding a name gives every right to the channel",
    ),
    Mutant(
        "sys_capability.py",
        "    held = caller.process.capabilities.get(cookie)\n    if held is None:\n",
        "    everybody = kernel.all_processes()\n"
        "    tables = [each.capabilities for each in everybody if cookie in each.capabilities]\n"
        "    held = tables[0][cookie] if tables else None\n    if held is None:\n",
        "a cookie of anybody's table is taken for one's own",
    ),
    Mutant(
        "derived.py",
        "        if slot.moves:\n            self._moved(held, made, giver)",
        "        if slot.moves:\n            pass",
        "what is given away is kept as well",
    ),
    Mutant(
        "derived.py",
        "            if held.rights & needed == needed:\n",
        "            if held.rights & needed:\n",
        "mapping physical memory asks for one of the rights, not for all",
    ),
    Mutant(
        "derived.py",
        "            and start + size_bytes <= held.target.end\n",
        "            and start < held.target.end\n",
        "a mapping may begin in a range and end outside",
    ),
    Mutant(
        "derived.py",
        "        for capability in held:\n            self.tree.drop(capability)\n"
        "        loss.gone(self.kernel, held)",
        "        for capability in held:\n            self.tree.end(capability)\n"
        "        loss.gone(self.kernel, held)",
        "a dead process takes along what it delegated",
    ),
    Mutant(
        "derived.py",
        "            loss.gone(self.kernel, self.tree.end(target.first))",
        "            pass",
        "frames of a dead process can still be mapped by whom it gave them to",
    ),
    Mutant(
        "loss.py",
        "            _unmap(process)\n    for target",
        "            pass\n    for target",
        "what was mapped by a right that is gone stays mapped",
    ),
    Mutant(
        "loss.py",
        "        if not target.receiver_count:\n            ipc.destroy_channel(kernel, target)",
        "        if not target.capability_count:\n            ipc.destroy_channel(kernel, target)",
        "a channel lives as long as anybody may send to it",
    ),
    Mutant(
        "loss.py",
        "    for process in holders:\n        _wake(kernel, process)",
        "    for process in ():\n        _wake(kernel, process)",
        "who waits by a right that is gone goes on waiting",
    ),
    Mutant(
        "loss.py",
        "                ipc.abandon(kernel, waits_for)\n                kernel.wake",
        "                kernel.wake",
        "a message whose sender was woken stays in its queue",
    ),
    Mutant(
        "sys_ipc.py",
        "    if not held.rights & SEND:\n        raise SyscallError(INCAPABLE)\n",
        "",
        "sending does not ask for SEND",
    ),
    Mutant(
        "sys_ipc.py",
        "    if not held.rights & RECEIVE:\n        raise SyscallError(INCAPABLE)\n",
        "",
        "receiving does not ask for RECEIVE",
    ),
    Mutant(
        "sys_ipc.py",
        "        channel.messages.popleft()\n",
        "        len(channel.messages) > 1 or channel.messages.popleft()\n",
        "a message is delivered twice if another one is queued behind it",
    ),
    Mutant(
        "sys_ipc.py",
        "        if receive.timed:\n            ipc.stop_timer(kernel, receive)\n        if rec",
        "        if rec",
        "a message does not stop its receiver's timer",
    ),
    Mutant(
        "sys_ipc.py",
        "    message = caller.process.messages.get(cookie)\n",
        "    message = next(\n        (\n            each.messages[cookie]\n"
        "            for each in kernel.all_processes()\n"
        "            if cookie in each.messages\n        ),\n        None,\n    )\n",
        "anybody may answer a message",
    ),
    Mutant(
        "sys_capability.py",
        "    if message is None or message.abandoned:\n        raise SyscallError(Status.FAILURE)\n"
        "    return kernel.policy.take",
        "    if message is None:\n        raise SyscallError(Status.FAILURE)\n"
        "    return kernel.policy.take",
        "a server takes from a sender that no longer waits for it",
    ),
    Mutant(
        "sys_capability.py",
        "    if badge and held.badge and badge != held.badge:\n"
        "        raise SyscallError(Status.BADARGS)\n",
        "",
        "a badge asked for on a badged capability is silently ignored",
    ),
    Mutant(
        "objects.py",
        "        inside = self.start <= start and start + size_bytes <= self.end",
        "        inside = self.start <= start and start < self.end",
        "a part may reach beyond its whole",
    ),
    Mutant(
        "sys_ipc.py",
        "    if before and generation and generation != before:\n",
        "    if before and not generation:\n",
        "who waits in the queue is answered by a successor as if nothing had happened",
    ),
    Mutant(
        "sys_ipc.py",
        "    if channel.successor and held.heard != channel.successor:\n",
        "    if channel.successor and not held.heard:\n",
        "who spoke with a predecessor is not told of the restart",
    ),
    Mutant(
        "transfer.py",
        "        kernel.policy.grantable(caller, caller.process, cookie)\n",
        "",
        "slots are not checked when they are sent",
    ),
    Mutant(
        "transfer.py",
        "    _write(receiver, receive.transfer, message.capability.badge, arrived)",
        "    _write(receiver, receive.transfer, 0, arrived)",
        "the badge is not told to the receiver",
    ),
    Mutant(
        "ipc.py",
        "    if message.receiver is None:\n        message.channel.messages.remove(message)\n"
        "        if message",
        "    if message.receiver is None:\n        message.channel.messages.remove(message)\n"
        "        if False and message",
        "the page of a message that nobody received is not released",
    ),
    Mutant(
        "ipc.py",
        "    while channel.waiting:\n        receive = channel.waiting.popleft()\n"
        "        stop_timer(kernel, receive)\n",
        "    while channel.waiting:\n        receive = channel.waiting.popleft()\n",
        "the timers of a channel that ends are left behind",
    ),
    Mutant(
        "ipc.py",
        "    for message in process.serving():\n        fail(kernel, message)\n",
        "",
        "who waits for an answer of a dead process waits for ever",
    ),
    Mutant(
        "address_space.py",
        "        del self.windows[page]\n        words[slot] = before\n",
        "        del self.windows[page]\n        words[slot] = 0\n",
        "what was at a window is not put back",
    ),
    Mutant(
        "lifecycle.py",
        "        if address in space.windows:\n",
        "        if False:\n",
        "a process made while a message is served shares the sender's page",
    ),
)  # fmt: skip


def stage3() -> Path:
    """Where the kernel is."""
    spec = find_spec("anos_sim.stage3")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.resolve()


@contextmanager
def mutated(mutant: Mutant | None) -> Iterator[Path]:
    """A folder to put first on the path, with a package that has one mutant, or none."""
    with tempfile.TemporaryDirectory(prefix="anos-sim-mutant") as name:
        package, source = Path(name) / "anos_sim", stage3()
        package.mkdir()
        shutil.copytree(source, package / "stage3", ignore=shutil.ignore_patterns("__pycache__"))
        for floor in ("hw", "toolchain"):
            spec = find_spec(f"anos_sim.{floor}")
            assert spec is not None
            assert spec.origin is not None
            (package / floor).symlink_to(Path(spec.origin).parent.resolve())
        if mutant is not None:
            change(package / "stage3" / mutant.file, mutant)
        yield Path(name)


def change(path: Path, mutant: Mutant) -> None:
    """Apply a mutant to a file."""
    text = path.read_text()
    assert text.count(mutant.old) == 1, f"{path.name} has changed: adapt the mutant {mutant.why!r}"
    path.write_text(text.replace(mutant.old, mutant.new))


def is_caught(mutant: Mutant | None) -> tuple[bool, str]:
    """Do the tests fail with a mutant? Returns the name of the first that did, too."""
    with mutated(mutant) as folder:
        command = [
            sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k",
            "not Programs", "--hypothesis-profile", "unshrunk", "--rootdir", str(TESTS.parent),
            *[str(TESTS / "stage3" / name) for name in TESTS_OF_MUTANTS],
        ]  # fmt: skip
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)]),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        environment.pop("ANOS_SIM_FUZZ_SECONDS", None)
        ran = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=SECONDS_MAX
        )
        whole = ran.returncode in (0, FAILED) and "ERROR collecting" not in ran.stdout
        assert whole, ran.stdout[-3000:] + ran.stderr[-3000:]
        lines = ran.stdout.splitlines()
        failed = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
        return ran.returncode == FAILED, failed[0].split("/")[-1].split(" - ")[0] if failed else ""


def main() -> int:
    """Run them; returns 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", metavar="WORD", help="those with this in their text")
    parser.add_argument("--list", action="store_true", help="print them and run nothing")
    arguments = parser.parse_args()
    selected = [m for m in MUTANTS if arguments.only in f"{m.file} {m.why}"]
    survivors = 0
    if not arguments.list and is_caught(None)[0]:
        print("the tests fail without any fault: mend that first")
        return 1
    for mutant in selected:
        if arguments.list:
            print(f"{mutant.file}: {mutant.why}")
            continue
        start = time.monotonic()
        caught, test = is_caught(mutant)
        survivors += not caught
        seconds = time.monotonic() - start
        verdict = f"caught by {test}" if caught else "SURVIVES"
        print(f"{seconds:5.1f} s  {mutant.file}: {mutant.why}: {verdict}", flush=True)
    print(f"{len(selected)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
