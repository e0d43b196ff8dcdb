"""Regions: the address ranges of a process whose pages appear when touched."""

from __future__ import annotations

from bisect import bisect_right

import attrs

from .abi import RegionFlags

AUTOMAP = int(RegionFlags.AUTOMAP)


@attrs.define(eq=False)
class Region:
    """Addresses `start` to `end` (exclusive), page-aligned, with their flags."""

    start: int
    end: int
    flags: int


class RegionMap:
    """The regions of one process: sorted, and never overlapping."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._regions: dict[int, Region] = {}

    def all(self) -> list[Region]:
        """Every region, lowest address first."""
        return [self._regions[start] for start in self._starts]

    def find(self, address: int) -> Region | None:
        """Return the region that an address lies in."""
        at = bisect_right(self._starts, address) - 1
        if at >= 0:
            region = self._regions[self._starts[at]]
            if address < region.end:
                return region
        return None

    def automap(self, address: int) -> bool:
        """Does memory appear at this address when it is touched?"""
        region = self.find(address)
        return region is not None and bool(region.flags & AUTOMAP)

    def automaps(self, start: int, end: int) -> bool:
        """Does memory appear everywhere in a range?"""
        while start < end:
            region = self.find(start)
            if region is None or not region.flags & AUTOMAP:
                return False
            start = region.end
        return True

    def create(self, start: int, end: int, flags: int) -> None:
        """Add a range; it grows an adjacent or overlapping region of equal flags.

        A range that overlaps regions of other flags leaves those as they are
        and adds only what lies between them, so no address is ever lost (STAGE3
        drops an overlapping request silently: anos-abi 5.5).
        """
        for region in self.all():
            if region.flags == flags and region.start <= end and start <= region.end:
                start, end = min(start, region.start), max(end, region.end)
                self.destroy(region.start)
        for region in self.all():
            if region.start < end and start < region.end:
                if start < region.start:
                    self._insert(start, region.start, flags)
                start = region.end
        if start < end:
            self._insert(start, end, flags)

    def destroy(self, start: int) -> bool:
        """Forget the region with exactly this start. Its pages stay mapped."""
        if start not in self._regions:
            return False
        del self._regions[start]
        self._starts.remove(start)
        return True

    def _insert(self, start: int, end: int, flags: int) -> None:
        self._starts.insert(bisect_right(self._starts, start), start)
        self._regions[start] = Region(start, end, flags)
