"""The build: only what changed is made, and a mistake is told in the compiler's words."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from anos_sim.stage3.abi import LAST_SLOT, PAGE_BYTES, PROGRAM_BASE, STACK_TOP, SYSTEM_BASE
from anos_sim.stage3.image import read_image
from anos_sim.toolchain.guest.build import build_all, server_programs, small_programs
from anos_sim.toolchain.guest.cache import Cache, digest, install
from anos_sim.toolchain.guest.errors import BuildError
from anos_sim.toolchain.guest.zig import TARGETS, Target
from support.architectures import ARCHITECTURES

TOOLCHAIN = Path(str(files("anos_sim.toolchain")))
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("system", "servers", "tests/guest")
CONDITION = re.compile(r"\s*#\s*(if|elif|ifdef|ifndef)\b(?!\s+\w+_H$)")
"""Of the preprocessor; those around a whole header are none."""
MACHINES = {"x86_64": "EM_X86_64", "riscv64": "EM_RISCV"}


def test_an_installed_package_says_that_only_a_checkout_can_be_built(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="only a checkout can be built"):
        build_all(tmp_path)


def test_a_folder_with_a_main_is_a_program_and_another_is_not(tmp_path: Path) -> None:
    for name in ("servers/b/main.c", "servers/b/noun.c", "servers/a/main.c", "servers/lib/x.c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    first, second = server_programs(tmp_path)
    assert (first.name, second.name) == ("a", "b")
    assert second.sources == (Path("servers/b/main.c"), Path("servers/b/noun.c"))
    assert second.library == (Path("servers/lib/x.c"),)


def test_a_result_is_made_once_per_content_and_a_failure_leaves_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def fail(path: Path) -> None:
        path.write_text("half")
        raise BuildError("main.c:1: no")

    with cache.locked():
        with pytest.raises(BuildError, match=r"main\.c:1"):
            cache.get("x", "key", ".o", fail)
        path = cache.get("x", "key", ".o", lambda path: path.write_text("whole"))
        assert cache.get("x", "key", ".o", fail) == path
        assert path.read_text() == "whole"
        assert cache.made == ["x"]


def test_pruning_keeps_what_the_last_build_for_each_purpose_used(tmp_path: Path) -> None:
    for purpose, key in (("x86_64", "1"), ("x86_64", "2"), ("riscv64", "3")):
        cache = Cache(tmp_path, purpose)
        with cache.locked():
            cache.get("result", key, ".o", Path.touch)
            cache.record()
    assert len(list(cache.results.iterdir())) == 3
    cache.prune()
    assert sorted(path.name for path in cache.results.iterdir()) == ["2.o", "3.o"]


def test_what_is_about_one_processor_is_built_for_no_other(tmp_path: Path) -> None:
    for name in ("any.c", "x86_64/one.c", "riscv64/other.c"):
        (tmp_path / "tests/guest" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tests/guest" / name).touch()
    names = {
        target: [program.name for program in small_programs(tmp_path, TARGETS[target])]
        for target in TARGETS
    }
    assert names == {"x86_64": ["any", "one"], "riscv64": ["any", "other"]}


@pytest.mark.skipif(not (ROOT / "servers").is_dir(), reason="only a checkout has the sources")
def test_no_source_asks_which_processor_it_is_compiled_for() -> None:
    """What differs is in libanos, and for test programs in folders with an architecture's name."""
    sources = [path for name in FOLDERS for path in (ROOT / name).rglob("*.[chS]")]
    assert len(sources) > 150
    conditions = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in sources
        for line in path.read_text().splitlines()
        if CONDITION.match(line)
    ]
    assert conditions == []


@pytest.fixture(params=ARCHITECTURES)
def target(request: pytest.FixtureRequest) -> Target:
    """An architecture whose programs are built."""
    return TARGETS[request.param]


def test_every_program_is_laid_out_for_a_loader_that_neither_aligns_nor_clears(
    target: Target,
) -> None:
    folder = TOOLCHAIN / target.elf_folder
    paths = [path for path in sorted(folder.glob("*.elf")) if path.name != "system.elf"]
    for path in [*paths, *sorted(folder.glob("tests/*.elf"))]:
        with path.open("rb") as file:
            image = ELFFile(file)
            assert (image["e_machine"], image["e_type"]) == (MACHINES[target.name], "ET_EXEC")
            assert image["e_entry"] == PROGRAM_BASE
            segments = [segment.header for segment in image.iter_segments()]
        assert [each.p_type for each in segments] == ["PT_LOAD"] * 4, path.name
        assert [each.p_flags for each in segments] == [5, 4, 6, 6], path.name
        assert not any(each.p_offset % PAGE_BYTES or each.p_vaddr % PAGE_BYTES for each in segments)
        text, rodata, bss, data = segments
        assert text.p_vaddr == PROGRAM_BASE
        assert bss.p_vaddr == STACK_TOP
        assert rodata.p_vaddr + rodata.p_memsz < STACK_TOP <= bss.p_vaddr + bss.p_memsz
        assert data.p_vaddr == bss.p_vaddr + bss.p_memsz
        assert bss.p_filesz == 0
        assert all(each.p_filesz == each.p_memsz for each in (text, rodata, data)), path.name


def test_symbols_are_those_of_the_sources_not_of_the_assembler(target: Target) -> None:
    with (TOOLCHAIN / target.elf_folder / "tests" / "hello.elf").open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        names = {symbol.name for symbol in table.iter_symbols()}
    assert {"main", "anos_kprint"} <= names
    assert [name for name in names if name.startswith(".L")] == []


def test_systems_image_has_its_parts_where_stage3_maps_them(target: Target) -> None:
    path = TOOLCHAIN / target.elf_folder / "system.elf"
    with path.open("rb") as file:
        image = ELFFile(file)
        assert image["e_machine"] == MACHINES[target.name]
        assert image["e_entry"] == SYSTEM_BASE
        loaded = [segment.header for segment in image.iter_segments("PT_LOAD")]
    assert [each.p_flags for each in loaded] == [5, 4, 6, 4, 6]
    assert not any(each.p_offset % PAGE_BYTES or each.p_vaddr % PAGE_BYTES for each in loaded)
    assert loaded[0].p_vaddr == SYSTEM_BASE
    assert loaded[-1].p_vaddr == 0x4000_0000
    assert loaded[-1].p_filesz == 0
    assert read_image(path, target.name).highest_call == LAST_SLOT


def test_the_servers_in_systems_image_are_for_its_processor(target: Target) -> None:
    image = read_image(TOOLCHAIN / target.elf_folder / "system.elf", target.name)
    programs = {name: data for name, data in image.files().items() if name.endswith(".elf")}
    assert len(programs) >= 6
    assert {data[18] for data in programs.values()} == {target.machine}


def test_a_digest_tells_where_one_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(["a", "b"]) != digest("a", "b")


def test_installing_replaces_the_file_only_when_it_differs(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "deep" / "target"
    source.write_text("one")
    install(source, target)
    inode = target.stat().st_ino
    install(source, target)
    assert target.stat().st_ino == inode
    source.write_text("other")
    install(source, target)
    assert target.read_text() == "other"
