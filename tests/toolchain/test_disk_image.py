"""FAT32 images, as other people's tools see them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anos_sim.toolchain.guest.disk_image import SIZE_BYTES, write_fat32
from anos_sim.toolchain.guest.errors import BuildError
from anos_sim.toolchain.guest.fat_names import long_name_entries, short_name
from anos_sim.toolchain.guest.sample_disk import SAMPLE_FILES, write_sample_disk

FILES = {
    "README.TXT": b"read me\n",
    "empty.bin": b"",
    "A name that is far too long for eight and three.text": b"long" * 1000,
    "A name that is far too long, again.text": b"again",
    "Größe und Übermaß.txt": "ü".encode(),
    "docs/inner/deep.txt": b"deep",
    "docs/second.txt": bytes(range(256)) * 40,
    "none/": b"",
}

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='"*/:<>?\\|', min_codepoint=0x20),
    min_size=1,
    max_size=30,
).filter(lambda name: name == name.strip(" .") and name.isprintable() and ord(max(name)) < 0x10000)


def tool(name: str) -> str:
    """Where an oracle is; without it the test cannot say anything."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> str:
    """Run a tool that must succeed, and return what it says."""
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.decode()


def contents(image: Path, folder: Path) -> dict[str, bytes]:
    """All files that mcopy takes out of an image."""
    folder.mkdir()
    run("env", "LC_ALL=C.UTF-8", tool("mcopy"), "-s", "-i", str(image), "::*", str(folder))
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_mtools_reads_back_every_file(tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    write_fat32(image, FILES)
    expected = {name: content for name, content in FILES.items() if not name.endswith("/")}
    assert contents(image, tmp_path / "out") == expected


@pytest.mark.parametrize("mebibytes", [33, 40, 260, 300, 9000])
def test_fsck_finds_nothing_wrong_at_any_size(tmp_path: Path, mebibytes: int) -> None:
    image = tmp_path / "disk.img"
    write_fat32(image, FILES, mebibytes << 20)
    said = run(tool("fsck.fat"), "-n", "-v", str(image))
    assert "differ" not in said
    assert "32 bit entries" in said


def test_a_folder_of_many_clusters_is_one_chain(tmp_path: Path) -> None:
    many = {f"many/file number {n}.txt": str(n).encode() for n in range(500)}
    image = tmp_path / "disk.img"
    write_fat32(image, many)
    run(tool("fsck.fat"), "-n", str(image))
    assert contents(image, tmp_path / "out") == many


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    write_fat32(tmp_path / "one.img", FILES)
    write_fat32(tmp_path / "two.img", FILES)
    assert (tmp_path / "one.img").read_bytes() == (tmp_path / "two.img").read_bytes()


def test_the_sample_disk_is_sparse_and_has_its_files(tmp_path: Path) -> None:
    image = tmp_path / "sample.img"
    write_sample_disk(image)
    assert image.stat().st_size == SIZE_BYTES
    assert image.stat().st_blocks * 512 < 1 << 20
    assert contents(image, tmp_path / "out") == SAMPLE_FILES


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a:b": b""}, "does not allow"),
        ({"": b""}, "no file name"),
        ({"a//b": b""}, "no file name"),
        ({"dot.": b""}, "no file name"),
        ({"x" * 256: b""}, "longer than 255"),
        ({"a": b"", "A": b""}, "twice"),
        ({"a": b"", "a/b": b""}, "is a file"),
        ({"big": bytes(SIZE_BYTES)}, "do not fit"),
    ],
)
def test_what_fat_cannot_hold_is_refused(
    tmp_path: Path, files: dict[str, bytes], says: str
) -> None:
    with pytest.raises(BuildError, match=says):
        write_fat32(tmp_path / "disk.img", files)


@pytest.mark.parametrize("size", [0, 1000, 32 << 20, (40 << 20) + 1])
def test_a_size_that_fat32_cannot_have_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(BuildError, match="FAT32"):
        write_fat32(tmp_path / "disk.img", {}, size)


def test_a_label_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="label"):
        write_fat32(tmp_path / "disk.img", {}, label="TWELVE CHARS")


def test_a_short_name_needs_no_long_one_and_an_alias_is_never_taken_twice() -> None:
    assert short_name("README.TXT", ()) == b"README  TXT"
    assert long_name_entries("README.TXT", b"README  TXT") == b""
    first = short_name("long name one.txt", ())
    assert first == b"LONGNA~1TXT"
    assert short_name("long name two.txt", [first]) == b"LONGNA~2TXT"
    assert short_name(".profile", ()) == b"_~1     PRO"


@given(st.dictionaries(NAMES, st.binary(max_size=2000), max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fsck_agrees_with_any_names(tmp_path: Path, files: dict[str, bytes]) -> None:
    if len({name.lower() for name in files}) < len(files):
        return
    image = tmp_path / "disk.img"
    write_fat32(image, files)
    said = run(tool("fsck.fat"), "-n", str(image))
    assert f"{len(files) + 1} files" in said or not files
