"""Cookies: numbers that repeat with the seed and that nobody can guess."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anos_sim.stage3.cookie import COOKIE_MIN, CookieJar


@given(st.integers(0, (1 << 64) - 1))
def test_cookies_repeat_with_the_seed_and_only_with_it(seed: int) -> None:
    first, again, other = CookieJar(seed), CookieJar(seed), CookieJar(seed ^ 1)
    cookies = [first() for _ in range(50)]
    assert cookies == [again() for _ in range(50)]
    assert len(set(cookies)) == 50
    assert all(COOKIE_MIN <= cookie < 1 << 64 for cookie in cookies)
    assert not set(cookies) & {other() for _ in range(50)}
