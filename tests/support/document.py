"""A document that is followed: its files are written and its commands are run.

A code block behind a line "`NAME`:" is the file NAME. A block with lines that begin with
"$ " has commands and what they print, on stdout and stderr; "..." stands for any lines, and
"[exit status N]" for a status that is not 0. Times, CPUs, addresses, pids and the like
may differ.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs

BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"\[exit status (\d+)\]")
CHANGING = (
    (re.compile(r"^ *\d+\.\d{6} cpu\d+ +"), ""),
    (re.compile(r"\[\d+\]"), "[]"),
    (re.compile(r"0x[0-9a-f]+"), "0x"),
    (re.compile(r"\b(process|channel|vector) \d+"), r"\1 N"),
    (re.compile(r"\b\d+(\.\d+)? (ns|us|ms|s)\b"), "T"),
    (re.compile(r" +"), " "),
)


@attrs.frozen
class Command:
    """A command line with what it prints and how it ends."""

    line: str
    printed: tuple[str, ...]
    status: int


@attrs.frozen
class File:
    """A file to write."""

    name: str
    text: str


def steps(text: str) -> Iterator[File | Command]:
    """The files and commands of a document, in order."""
    for name, _, body in BLOCK.findall(text):
        if name:
            yield File(name, body)
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            line, *printed = part.splitlines()
            status = 0
            if printed and (match := STATUS.fullmatch(printed[-1])):
                status = int(match[1])
                printed.pop()
            yield Command(line, tuple(printed), status)


def follow(step: File | Command, folder: Path, environment: dict[str, str]) -> None:
    """Do a step; what is not as the document says fails the test."""
    if isinstance(step, File):
        (folder / step.name).write_text(step.text)
        return
    done = subprocess.run(
        ["bash", "-c", step.line],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    printed = done.stdout.splitlines()
    assert done.returncode == step.status, f"$ {step.line}\n{done.stdout}"
    assert is_like(step.printed, printed), f"$ {step.line}\n{done.stdout}"


def is_like(wanted: tuple[str, ...], printed: list[str]) -> bool:
    """Did a command print this? "..." is any lines."""
    if not wanted:
        return not printed
    if wanted[0] == "...":
        return any(is_like(wanted[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and same(wanted[0], printed[0]) and is_like(wanted[1:], printed[1:])


def same(one: str, other: str) -> bool:
    """Are two lines the same, but for what may differ?"""
    for pattern, instead in CHANGING:
        one, other = pattern.sub(instead, one), pattern.sub(instead, other)
    return one.rstrip() == other.rstrip()
