"""docs/libc.md says of errors what libanos does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def told() -> dict[str, str]:
    """The errno of each error, by the page's table."""
    table = re.findall(
        r"^\| (FILE_[^|]*) \| `(E\w+)` \|$", (ROOT / "docs/libc.md").read_text(), re.M
    )
    return {name: errno for names, errno in table for name in re.findall(r"FILE_\w+", names)}


def done() -> dict[str, str]:
    """The same by the function that turns one into the other."""
    source = (ROOT / "toolchain/libanos/requests.c").read_text()
    found: dict[str, str] = {}
    names: list[str] = []
    for name, errno in re.findall(r"case (FILE_\w+):|return -(E\w+);", source):
        if name:
            names.append(name)
        else:
            found |= dict.fromkeys(names, errno)
            names = []
    return found


def test_every_error_of_a_filesystem_has_the_errno_that_the_page_says() -> None:
    assert told() == done()
    header = (ROOT / "servers/include/file.h").read_text()
    errors = set(re.findall(r"^    (FILE_\w+) = -\d+,", header, re.M))
    assert errors - set(told()) == {"FILE_NO_HANDLES"}, "libanos opens no handles"
