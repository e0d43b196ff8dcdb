"""Regions behave as a set of pages with a flag each, and are never more pieces than needed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from anos_sim.stage3.region import RegionMap

PAGE = 0x1000
PAGES = 24
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "destroy"]),
        st.integers(0, PAGES - 2),
        st.integers(1, 8),
        st.integers(0, 1),
    ),
    max_size=25,
)


@settings(max_examples=300)
@given(REQUESTS)
def test_no_address_is_ever_lost(requests: list[tuple[str, int, int, int]]) -> None:
    regions = RegionMap()
    flags_of: dict[int, int] = {}
    for what, page, count, flags in requests:
        if what == "create":
            regions.create(page * PAGE, (page + count) * PAGE, flags)
            for each in range(page, page + count):
                flags_of.setdefault(each, flags)
        else:
            known = next((r for r in regions.all() if r.start == page * PAGE), None)
            assert regions.destroy(page * PAGE) == (known is not None)
            if known is not None:
                for each in range(known.start // PAGE, known.end // PAGE):
                    del flags_of[each]
        found = regions.all()
        for region in found:
            assert region.start < region.end
        for left, right in pairwise(found):
            assert left.end <= right.start, "two regions overlap"
        for each in range(PAGES + 10):
            region_of = regions.find(each * PAGE + PAGE // 2)
            assert (region_of.flags if region_of else None) == flags_of.get(each)
            assert regions.automap(each * PAGE) == (flags_of.get(each) == 1)


def test_growing_a_heap_makes_one_region() -> None:
    regions = RegionMap()
    for page in range(100):
        regions.create(page * PAGE, (page + 1) * PAGE, 1)
    assert [(r.start, r.end) for r in regions.all()] == [(0, 100 * PAGE)]


def test_a_request_that_overlaps_and_extends_is_honoured() -> None:
    """STAGE3 drops it: anos-abi 5.5."""
    regions = RegionMap()
    regions.create(0, 4 * PAGE, 1)
    regions.create(2 * PAGE, 8 * PAGE, 1)
    assert [(r.start, r.end, r.flags) for r in regions.all()] == [(0, 8 * PAGE, 1)]


def test_only_the_exact_start_destroys() -> None:
    regions = RegionMap()
    regions.create(PAGE, 4 * PAGE, 1)
    assert not regions.destroy(2 * PAGE)
    assert not regions.destroy(0)
    assert regions.destroy(PAGE)
    assert regions.find(PAGE) is None
    assert not regions.destroy(PAGE)
