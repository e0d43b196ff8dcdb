"""Recordings: what a run depended on, so that it can be had again.

A recording (`FILE.anos`) is a JSON file: the machine, the policy, the seed, hashes
of the system image, the disks, the scheduler and the simulator itself, how long it
ran, how it ended with the hash of all it did, and an index of its log. It is
written when the run begins and again when it ends, so a run that crashed can be
replayed as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.config_file import config_from_table
from anos_sim.stage3.image import read_image
from anos_sim.stage3.log import LogLine
from anos_sim.stage3.outcome import Outcome

from .added import AddedProgram, read_added, with_programs
from .errors import UserError
from .options import RunOptions, load_scheduler
from .session import Session

FORMAT = "anos-sim recording 1"
INDEX_MAX = 1000
"""How many log lines the index has at most."""


def file_hash(path: str | Path) -> str:
    """The hash of a file's contents; empty if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def simulator_hash() -> str:
    """A hash of the code that decides what happens: the machine's and the kernel's."""
    digest = hashlib.sha256()
    for package in ("hw", "stage3"):
        folder = Path(str(files(f"anos_sim.{package}")))
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def package_version() -> str:
    """The version of anos-sim."""
    from importlib.metadata import version  # takes longer than a boot

    return version("anos-sim")


def image_paths(config: MachineConfig) -> list[str]:
    """The disk images of a machine, in the order of its drives."""
    ports = [port.image for controller in config.ahci for port in controller.ports if port.image]
    return [*ports, *config.disks]


class Recorder:
    """Writes the recording of one run."""

    def __init__(self, path: str, options: RunOptions, session: Session) -> None:
        self._path = path
        self._session = session
        self._index: list[list[Any]] = []
        config = attrs.evolve(options.config, **_absolute(options.config))
        self._data: dict[str, Any] = {
            "format": FORMAT,
            "version": package_version(),
            "simulator": simulator_hash(),
            "config": attrs.asdict(config),
            "image": {
                "path": os.path.abspath(options.image_path),
                "hash": file_hash(options.image_path),
            },
            "arch": options.arch,
            "boot_config": options.boot_config,
            "added": [
                {
                    "path": os.path.abspath(each.path),
                    "arguments": list(each.arguments),
                    "hash": hashlib.sha256(each.data).hexdigest(),
                }
                for each in options.added
            ],
            "disks": [{"path": each, "hash": file_hash(each)} for each in image_paths(config)],
            "devices": [
                {"path": each.file, "hash": file_hash(each.file)} for each in config.device
            ],
            "policy": options.policy,
            "policy_chosen": options.policy_chosen,
            "scheduler": _scheduler(options.scheduler_reference),
            "schedule": options.schedule,
            "symbols": [str(folder.absolute()) for folder in options.symbols],
            "end_ps": options.end_ps,
            "until": options.until,
            "input": session.input.entries,
            "live": session.person is not None,
            "end": None,
            "index": self._index,
        }
        session.listeners.append(self._hear)
        self._write()

    def _hear(self, line: LogLine) -> None:
        if len(self._index) < INDEX_MAX:
            self._index.append([line.time_ps, str(line.process), line.text])

    def finish(self, outcome: Outcome) -> None:
        """The run has ended: write how."""
        session = self._session
        kernel = session.kernel
        self._data["end"] = {
            "time_ps": kernel.latest_ps(),
            "status": outcome.status,
            "cause": outcome.cause,
            "hash": session.hash.digest(kernel),
            "turns": kernel.turns if outcome.interrupted else None,
        }
        self._write()

    def _write(self) -> None:
        try:
            Path(self._path).write_text(json.dumps(self._data, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"--record: cannot write {self._path}: {error.strerror}") from None


def _absolute(config: MachineConfig) -> dict[str, Any]:
    """The paths of images and devices as they are from everywhere."""
    ahci = tuple(
        attrs.evolve(
            controller,
            ports=tuple(
                attrs.evolve(port, image=os.path.abspath(port.image)) if port.image else port
                for port in controller.ports
            ),
        )
        for controller in config.ahci
    )
    devices = tuple(
        attrs.evolve(device, python=os.path.abspath(device.python)) for device in config.device
    )
    disks = tuple(os.path.abspath(disk) for disk in config.disks)
    return {"disks": disks, "ahci": ahci, "device": devices}


def _scheduler(reference: str | None) -> dict[str, str] | None:
    if reference is None:
        return None
    name, _, class_name = reference.rpartition(":")
    path = os.path.abspath(name)
    return {"path": path, "class": class_name, "hash": file_hash(path)}


@attrs.frozen
class Recording:
    """A recording that has been read."""

    path: str
    data: dict[str, Any]

    @property
    def end(self) -> dict[str, Any] | None:
        """How the run ended: `time_ps`, `status`, `cause`, `hash`; None if it crashed."""
        end: dict[str, Any] | None = self.data["end"]
        return end

    def options(self) -> RunOptions:
        """The options of the same run again.

        Raises:
            UserError: something that it depends on is gone or has changed.
        """
        data = self.data
        self._check_version()
        self._check("the system image", data["image"])
        for disk in data["disks"]:
            self._check("the disk image", disk)
        for device in data.get("devices", []):
            self._check("the device", device)
        scheduler = data["scheduler"]
        reference = None
        if scheduler is not None:
            self._check("the scheduler", scheduler)
            reference = f"{scheduler['path']}:{scheduler['class']}"
        image_path = Path(data["image"]["path"])
        image = read_image(image_path, data["arch"])
        boot_config = data.get("boot_config")
        added = tuple(self._added(each, data["arch"]) for each in data.get("added", []))
        image = with_programs(image, added, boot_config, self.path)
        table = dict(data["config"])
        epoch = table.pop("epoch")
        config = attrs.evolve(
            config_from_table(table, self.path, Path("/")), epoch=epoch, write=False
        )
        return RunOptions(
            config=config,
            image=image,
            policy=data["policy"],
            policy_chosen=data["policy_chosen"],
            scheduler=load_scheduler(reference) if reference else None,
            symbols=tuple(Path(each) for each in data["symbols"] if Path(each).is_dir()),
            end_ps=data["end_ps"],
            until=data["until"],
            image_path=image_path,
            arch=data["arch"],
            scheduler_reference=reference,
            schedule=data.get("schedule"),
            typed=tuple(data["input"]),
            turns=self.end["turns"] if self.end is not None else None,
            boot_config=boot_config,
            added=added,
            live=data["live"],
            end_status=self.end["status"] if self.end is not None else 0,
        )

    def _added(self, known: dict[str, Any], arch: str) -> AddedProgram:
        self._check("the program", known)
        program = read_added(known["path"], arch)
        return attrs.evolve(program, arguments=tuple(known["arguments"]))

    def _check_version(self) -> None:
        version = package_version()
        if self.data["version"] != version:
            raise UserError(
                f"{self.path} was recorded with anos-sim {self.data['version']}, this is "
                f"{version}: another version may run differently; replay it with that one"
            )
        if self.data["simulator"] != simulator_hash():
            raise UserError(
                f"{self.path} was recorded before the simulator's code (hw, stage3) changed: "
                "it may run differently now; record it again"
            )

    def _check(self, what: str, known: dict[str, str]) -> None:
        path = known["path"]
        now = file_hash(path)
        if not now:
            raise UserError(f"{self.path} needs {what} {path}, which cannot be read")
        if now != known["hash"]:
            raise UserError(
                f"{what} {path} has changed since {self.path} was recorded: "
                "restore it, or record the run again"
            )


def is_recording(path: str) -> bool:
    """Does this file look like a recording?"""
    try:
        with open(path, "rb") as file:
            return FORMAT.split(" 1")[0].encode() in file.read(64)
    except OSError:
        return path.endswith(".anos")


def read_recording(path: str) -> Recording:
    """Read a recording.

    Raises:
        UserError: it cannot be read, or is none.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise UserError(f"{path} is damaged: no recording of `anos-sim run --record`") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise UserError(f"{path} is no recording; `anos-sim run --record FILE.anos` makes one")
    return Recording(path, data)
