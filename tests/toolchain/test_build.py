"""The build: only what changed is made, and a mistake is told in the compiler's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from anos_sim.toolchain.guest.build import build_all, server_programs
from anos_sim.toolchain.guest.cache import Cache, digest, install
from anos_sim.toolchain.guest.errors import BuildError


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


def test_pruning_keeps_what_was_used(tmp_path: Path) -> None:
    old = Cache(tmp_path)
    with old.locked():
        old.get("old", "1", ".o", Path.touch)
    new = Cache(tmp_path)
    with new.locked():
        used = new.get("new", "2", ".o", Path.touch)
        new.prune()
    assert list(new.results.iterdir()) == [used]


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
