"""Keys whose hits the candidate loses: named when it is sure, in the order of their cost."""

from __future__ import annotations

import numpy as np
import pytest
from side_by_side import DAY, LEGACY, MONDAY, NEW, two, without

from auditor.comparing.keys import LONGEST, MOST_GETS, SHOWN, KeyCount, countable_span, losses
from auditor.comparing.wording import losing_keys


def key(name: str, baseline: tuple[int, int], candidate: tuple[int, int]) -> KeyCount:
    return KeyCount(name, 1, *baseline, *candidate)


def test_the_costliest_loss_is_first() -> None:
    """By hand: 90 of 200 gets more missed, and 45 of 100; a key that gained is not named."""
    counts = [
        key("small", (95, 5), (50, 50)),
        key("large", (190, 10), (100, 100)),
        key("gained", (50, 50), (95, 5)),
        KeyCount("", 70, 500, 500, 480, 520),
    ]
    found = losses(counts, MONDAY, MONDAY + 60)
    assert [each.cache_key for each in found.losing] == ["large", "small"]
    assert [each.extra_misses for each in found.losing] == pytest.approx([90.0, 45.0])
    assert found.losing[0].share_percent == pytest.approx(100 * 200 / 1400)
    assert (found.keys, found.looked_at) == (73, 3)
    assert found.others == (50.0, 48.0)
    assert losing_keys(found)[0].startswith("key large: hit rate 95.0 % in the baseline, 50.0 %")


def test_a_key_that_one_side_hardly_sees_is_not_judged() -> None:
    """A split by key: nothing can be said, and nothing is."""
    found = losses([key("a", (100, 0), (0, 19)), key("b", (0, 0), (50, 50))], 0, 60)
    assert (found.looked_at, found.losing) == (0, ())
    assert np.isnan(found.others).all()


def test_chance_names_hardly_any() -> None:
    """Two hundred keys that are alike on both sides, a hundred times: at most 5 % name one."""
    random = np.random.default_rng(1)
    named = 0
    for _ in range(100):
        hits = random.binomial(100, random.uniform(0.3, 0.95, 200), (2, 200))
        counts = [
            key(f"{n}", (int(a), 100 - int(a)), (int(b), 100 - int(b)))
            for n, (a, b) in enumerate(hits.T)
        ]
        named += bool(losses(counts, 0, 60).losing)
    assert named <= 8


def test_at_most_so_many_are_named() -> None:
    counts = [key(f"{n:03d}", (1000, 0), (0, 1000)) for n in range(30)]
    assert len(losses(counts, 0, 60).losing) == SHOWN


def test_the_span_is_bounded_by_gets_and_by_time() -> None:
    """Newest first: 300,000 gets at 500 a minute and side are 300 minutes; a quiet cache a day."""
    pair = (LEGACY, NEW)
    busy = countable_span(two(3 * DAY, gets=500.0), pair)
    assert busy == (MONDAY + 3 * DAY - MOST_GETS // 1000, MONDAY + 3 * DAY)
    quiet = countable_span(without(two(3 * DAY, gets=1.0), slice(0, 60)), pair)
    assert quiet == (MONDAY + 3 * DAY - LONGEST, MONDAY + 3 * DAY)
