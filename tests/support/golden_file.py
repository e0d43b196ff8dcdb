"""Texts that were looked at once and shall stay as they are, in `golden` beside the test."""

from __future__ import annotations

import os
from pathlib import Path

WRITE = "ANOS_SIM_WRITE_GOLDEN"
"""Set this variable to write the files anew; then look at what git says has changed."""


def check_golden(folder: Path, name: str, text: str) -> None:
    """Compare a text with its file."""
    path = folder / "golden" / name
    if os.environ.get(WRITE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; {WRITE}=1 writes it anew"
