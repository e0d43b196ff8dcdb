"""Whole boots with disks of many kinds: fat32drv on ahcidrv, seen at the console."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from anos_sim.hw.config import MachineConfig
from anos_sim.hw.machine import Machine
from anos_sim.stage3.boot import boot
from anos_sim.toolchain.guest.disk_image import write_fat32
from support.boot import boot_system
from support.fat_image import FatImage, copy_in, make_volume, run, tool
from support.system import entry, servers, system_image

MIB = 1 << 20
DRIVER = "fat32drv"


@attrs.frozen
class Shown:
    """What a boot said about its disks, and the status that it switched off with."""

    console: list[str]
    driver: str
    status: int


def show(script: str, *disks: Path) -> Shown:
    """Boot with these disks and type a script; nothing may die."""
    config = MachineConfig(disks=tuple(map(str, disks)))
    booted = boot_system(config, script=script.encode())
    outcome = booted.kernel.outcome
    assert booted.kernel.reports == []
    assert outcome is not None
    shown = Shown(booted.console.split("\n"), booted.text(DRIVER), outcome.status)
    booted.close()
    return shown


def test_a_volume_of_the_hosts_is_listed_and_read(tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(
        image,
        {
            "first.txt": b"not this one\n",
            "Ordner/größe.bin": bytes(12345),
            "Ordner/leer/": b"",
            "readme.txt": "Zwölf\r\nBoxkämpfer\tjagen\n".encode(),
        },
        label="MINE",
    )
    shown = show("ls -l\nls -l Ordner\ncat readme.txt\n", image)
    assert shown.status == 0
    assert f"{DRIVER}: disk0: is FAT32, 40960 KiB, label 'MINE'" in shown.driver
    assert shown.console == [
        "This is anos-sim. `help` lists the commands.",
        "disk0:/> ls -l",
        "          13  2024-01-01 12:00  first.txt",
        "           -  2024-01-01 12:00  Ordner/",
        "          26  2024-01-01 12:00  readme.txt",
        "disk0:/> ls -l Ordner",
        "       12345  2024-01-01 12:00  größe.bin",
        "           -  2024-01-01 12:00  leer/",
        "disk0:/> cat readme.txt",
        "Zwölf\r",
        "Boxkämpfer\tjagen",
        "disk0:/> ",
        "",
    ]


def test_a_long_directory_is_listed_whole(tmp_path: Path) -> None:
    image = tmp_path / "image"
    write_fat32(image, {f"file {number}.dat": b"" for number in range(500)})
    shown = show("ls\nls | wc\n", image)
    assert [line for line in shown.console if line.startswith("file ")] == [
        f"file {number}.dat" for number in range(500)
    ]
    assert any(line.startswith("500 lines") for line in shown.console)


def test_every_disk_is_there_and_an_empty_one_is_no_error(tmp_path: Path) -> None:
    images = [tmp_path / name for name in "abc"]
    write_fat32(images[0], {"A.TXT": b"on a\n"})
    make_volume(images[1], 12, 1440 << 10)
    make_volume(images[2], 16, 16 * MIB)
    shown = show("cat A.TXT\nls disk1:/ && ls disk2:/ && echo both\n", *images)
    assert shown.status == 0
    assert "on a" in shown.console
    at = shown.console.index("disk0:/> ls disk1:/ && ls disk2:/ && echo both")
    assert shown.console[at + 1] == "both"


def test_partitions_come_up_as_mounts_of_their_own(tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "files"
    with image.open("wb") as file:
        file.truncate(48 * MIB)
    run(tool("sgdisk"), "-n", "1:2048:+4M", "-n", "2:16384:+16M", image)
    folder.mkdir()
    (folder / "SECOND.TXT").write_text("the second partition\n")
    make_volume(image, 16, 16 * MIB, offset=16384 * 512)
    copy_in(image, folder, offset=16384 * 512)
    make_volume(image, 12, 4 * MIB, offset=2048 * 512)
    shown = show("cat disk0p2:/SECOND.TXT\n", image)
    assert shown.status == 0
    assert "the second partition" in shown.console
    assert f"{DRIVER}: disk0: is FAT12, 4096 KiB" in shown.driver
    assert f"{DRIVER}: disk0p2: is FAT16, 16384 KiB" in shown.driver


def damage_text(image: FatImage) -> None:
    image.link(image.first_cluster(image.entry(b"README  TXT")), 0)


def damage_directory(image: FatImage) -> None:
    image.set_first_cluster(image.entry(b"SUB        "), 0)


@pytest.mark.parametrize(
    ("damage", "command"),
    [(damage_text, "cat README.TXT"), (damage_directory, "ls SUB")],
    ids=["text", "directory"],
)
def test_what_cannot_be_read_is_said_and_is_the_status(
    damage: object, command: str, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    write_fat32(image, {"README.TXT": bytes(5000), "SUB/A.TXT": b"a"})
    volume = FatImage(image)
    assert callable(damage)
    damage(volume)
    volume.save()
    shown = show(f"{command}\n", image)
    assert shown.status == 1
    program, path = command.split()
    assert f"{program}: {path}: I/O error" in shown.console


def test_a_disk_without_a_volume_says_why(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(MIB))
    booted = boot_system(MachineConfig(disks=(str(image),)), until="no FAT volume")
    said = booted.text(DRIVER)
    booted.close()
    assert said == f"{DRIVER}: disk0: has no FAT volume: its first sector has no signature"


def test_without_a_device_s_number_the_driver_takes_the_first_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    write_fat32(disk, {"A.TXT": b"a"}, label="FIRST")
    calls = ["DEBUG_PRINT", "SLEEP", "SEND_MESSAGE", "RECV_MESSAGE", "REPLY_MESSAGE"]
    calls += ["CREATE_CHANNEL", "FIND_NAMED_CHANNEL", "KILL_CURRENT_TASK", "CREATE_REGION"]
    driver = entry(DRIVER, "vol:", capabilities=[f"SYSCALL_{call}" for call in calls])
    image = system_image([entry("devman", stack_size=0x100000), driver], servers())
    machine = Machine(MachineConfig(disks=(str(disk),)))
    kernel = boot(machine, image, "derived")
    lines: list[str] = []
    kernel.on_log = lambda line: lines.append(line.text)
    wanted = f"{DRIVER}: vol: is FAT32, 40960 KiB, label 'FIRST'"
    while wanted not in lines and kernel.advance(1):
        pass
    kernel.close()
    machine.close()
    assert wanted in lines
