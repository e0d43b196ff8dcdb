"""fat32drv against a model of its protocol: any requests in any order."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from support.effort import EFFORT
from support.fat_image import make_volume
from support.file_host import FatHost
from support.file_machine import Requests
from support.power_cut import complaints, read_all

pytestmark = pytest.mark.no_machine

KINDS = {
    "FAT12": (12, 1440 << 10, ()),
    "FAT16, clusters of a sector": (16, 5 << 20, ("-s", "1")),
    "FAT16": (16, 16 << 20, ()),
    "FAT32, clusters of a sector": (32, 34 << 20, ("-s", "1")),
    "FAT32, clusters of a page": (32, 300 << 20, ("-s", "8")),
}


class FatRequests(Requests):
    """Names are found regardless of case, and what was synced is there after a restart."""

    mount = "disk0:"

    def __init__(self) -> None:
        super().__init__(str.lower)
        self.folder = Path(tempfile.mkdtemp())
        self.image = self.folder / "image"

    @initialize(kind=st.sampled_from(sorted(KINDS)))
    def open(self, kind: str) -> None:
        bits, size, options = KINDS[kind]
        make_volume(self.image, bits, size, *options)
        self.host = FatHost(self.program, self.image)

    @rule()
    def restart(self) -> None:
        assert self.host is not None
        self.host.sync()
        with self.host:
            pass
        self.host = FatHost(self.program, self.image)

    def teardown(self) -> None:
        if self.host is not None:
            self.host.sync()
            with self.host:
                pass
            assert complaints(self.image) == []
            files = {path: data for path, data in self.model.all().items() if data is not None}
            assert read_all(self.image, self.folder / "read") == files
        shutil.rmtree(self.folder)


def test_any_requests_in_any_order_are_answered_as_the_model_does(fat_host: Path) -> None:
    FatRequests.program = fat_host
    run_state_machine_as_test(
        FatRequests,
        settings=settings(max_examples=int(25 * EFFORT), stateful_step_count=40, deadline=None),
    )
