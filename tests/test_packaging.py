"""What a wheel and a source distribution contain, and that a build is repeatable."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from anos_sim.toolchain.conformance import PROGRAMS

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
NEEDED = ("build", "hatchling", "ziglang")
if not CACHE.is_dir():
    pytest.skip("only a built checkout can be packaged", allow_module_level=True)
for name in NEEDED:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed", allow_module_level=True)


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build one distribution with this interpreter's packages and the checkout's cache."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", folder, source],
        env={**os.environ, "ANOS_SIM_CACHE": str(CACHE)},
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl" if kind == "--wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    return build(ROOT, "--sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return build(folder / sdist.name.removesuffix(".tar.gz"), "--wheel", folder)


def test_a_wheel_brings_everything_that_was_built(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "anos_sim/hw/libvcpu.so",
        "anos_sim/stage3/abi.py",
        "anos_sim/toolchain/elf/tests/hello.elf",
        "anos_sim/toolchain/lib/x86_64/libanos.a",
        "anos_sim/toolchain/elf/system.elf",
        "anos_sim/toolchain/elf/riscv64/system.elf",
        "anos_sim/toolchain/elf/riscv64/tests/hello.elf",
        "anos_sim/toolchain/lib/x86_64/libc.a",
        "anos_sim/toolchain/lib/x86_64/libprotocols.a",
        "anos_sim/toolchain/lib/include/anos/abi.h",
        "anos_sim/toolchain/lib/include/anos/file.h",
        "anos_sim/toolchain/lib/x86_64/compiler_rt.a",
        "anos_sim/toolchain/lib/riscv64/libc.a",
        "anos_sim/toolchain/lib/riscv64/compiler_rt.a",
        "anos_sim/toolchain/libanos/include/anos/abi.h",
        "anos_sim/toolchain/libanos/program.ld",
    } <= names
    for program in PROGRAMS:
        assert f"anos_sim/toolchain/elf/tests/{program.name}.elf" in names
    for main in (ROOT / "servers").glob("*/main.c"):
        assert f"anos_sim/toolchain/elf/{main.parent.name}.elf" in names


def test_anos_cc_works_where_only_the_wheel_is(wheel: Path, tmp_path: Path) -> None:
    """Installed, it makes a program in an empty folder, which the installed system runs."""
    installed, folder = tmp_path / "installed", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(installed)
    folder.mkdir()
    source = '#include <anos/abi.h>\nint main(void) { anos_kprint("made here\\n"); return 0; }\n'
    (folder / "mine.c").write_text(source)

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(installed)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    where = "import anos_sim.toolchain as found; print(found.__file__)"
    (folder / "where.py").write_text(where)
    assert run("where").startswith(str(installed)), "the checkout must not be found"
    assert run("anos_sim.toolchain.cc.command", "mine.c") == ""
    printed = run("anos_sim.toolchain", "run", "--add", "mine.elf", "--until", "made here")
    assert " made here" in printed
    entry_points = next(installed.glob("*.dist-info/entry_points.txt")).read_text()
    assert "anos-cc = anos_sim.toolchain.cc.command:main" in entry_points


def test_a_wheel_puts_one_package_on_the_path_and_names_its_platform(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"anos_sim"}
    assert "-py3-none-manylinux_2_17_" in wheel.name


def test_a_source_distribution_has_sources_only(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"hatch_build.py", "Makefile", "hw/vcpu.c", "tests/guest/hello.c"} <= names
    assert not [name for name in names if name.endswith((".elf", ".so", ".a", ".o"))]


def test_programs_come_out_the_same_wherever_they_are_built(wheel: Path, tmp_path: Path) -> None:
    """Compile one again, in another folder and from nothing, and compare with the wheel's."""
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    (copy / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    sources = (
        "hw",
        "stage3",
        "toolchain/guest",
        "toolchain/libanos",
        "servers/include",
        "servers/lib",
        "tests/guest",
    )
    for name in sources:
        (copy / name).mkdir(parents=True)
        for path in (ROOT / name).rglob("*"):
            if path.suffix in (".py", ".c", ".h", ".S", ".ld"):
                target = copy / name / path.relative_to(ROOT / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    cache = tmp_path / "cache"
    (cache / "results").mkdir(parents=True)
    for archive in (CACHE / "results").glob("*.a"):  # the C library takes too long
        (cache / "results" / archive.name).symlink_to(archive)
    script = copy / "toolchain" / "guest" / "build.py"
    subprocess.run(
        [sys.executable, script],
        env={**os.environ, "ANOS_SIM_CACHE": str(cache)},
        check=True,
        capture_output=True,
    )
    built = (copy / "toolchain" / "elf" / "tests" / "hello.elf").read_bytes()
    assert built == zipfile.ZipFile(wheel).read("anos_sim/toolchain/elf/tests/hello.elf")
