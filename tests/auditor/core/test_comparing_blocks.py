"""Pairing by time: what is added up, what is left out, and how differences are made of it."""

from __future__ import annotations

import numpy as np
import pytest
from side_by_side import CACHE, DAY, HOUR, MONDAY, drawn, two, without

from auditor.comparing.blocks import exactness, pair_up
from auditor.comparing.measures import BY_NAME, MEASURES
from auditor.comparing.overlap import overlap
from auditor.comparing.paired import NotMeasured, Paired, quotients
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.warm_up import warm_ups
from baselines.series import FloatArray, Windows

COLD = ComparisonSettings()
AT_ONCE = ComparisonSettings(warm_up_minutes=0)


def blocks_of(windows: Windows) -> tuple[np.ndarray, FloatArray]:
    found = pair_up(windows, windows.present().all(axis=1))
    return found.counted, found.sums["hits"]


def test_whole_hours_are_added_up() -> None:
    """From 00:30 to 03:20: the two full UTC hours, 60 minutes of 90 hits each."""
    counted, hits = blocks_of(two(170, start=MONDAY + 30))
    assert counted.tolist() == [60, 60]
    assert hits == pytest.approx(np.full((2, 2), 5400.0))


def test_a_minute_counts_only_where_both_have_it() -> None:
    """Twenty minutes of one side missing: both are added up over the other forty."""
    counted, hits = blocks_of(without(two(120), slice(0, 20), side=1))
    assert counted.tolist() == [40, 60]
    assert hits[0] == pytest.approx([3600.0, 3600.0])


def test_an_hour_that_is_mostly_missing_is_left_out() -> None:
    counted, hits = blocks_of(without(two(120), slice(0, 31)))
    assert counted.tolist() == [0, 60]
    assert hits[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("gets", "minutes"), [(5.0, 60), (2.0, 120), (0.5, 480), (0.01, 1440)])
def test_thin_traffic_has_longer_blocks(gets: float, minutes: int) -> None:
    """The middle block of the thinner side has 200 gets, or is a day."""
    windows = two(2 * DAY, gets=np.array([1000.0, gets]))
    assert pair_up(windows, np.ones(2 * DAY, dtype=bool)).minutes == minutes


def test_exactness_is_that_of_two_shares() -> None:
    """1 / (1/100 + 1/300) = 75, and nothing where a side has nothing."""
    found = exactness(np.array([100.0, 100.0, 0.0]), np.array([300.0, 0.0, 0.0]))
    assert found.tolist() == [75.0, 0.0, 0.0]


def test_a_ramp_does_not_turn_a_difference_round() -> None:
    """Simpson's paradox: the candidate is a point better by day and by night, and gets the nights.

    Totals say worse: by hand, (0.9 + 0.5) / 2 hours of all for legacy.
    """
    night = np.arange(2 * HOUR) >= HOUR
    gets = np.where(night[:, None], [100.0, 900.0], [900.0, 100.0])
    share = np.where(night[:, None], [0.50, 0.51], [0.90, 0.91])
    windows = two(2 * HOUR, gets=gets, hit_share=share)
    found = quotients(BY_NAME["hit_rate"], pair_up(windows, np.ones(2 * HOUR, dtype=bool)))
    assert isinstance(found, Paired)
    assert found.differences == pytest.approx([1.0, 1.0])
    assert found.candidate < found.baseline


def test_miss_cost_is_misses_times_load_time_per_get() -> None:
    """10 of 100 gets wait 20 ms for their load: 2 ms a get; 30 ms make it half as much again."""
    windows = two(HOUR, load_ms=np.array([20.0, 30.0]))
    found = quotients(BY_NAME["miss_cost_ms"], pair_up(windows, np.ones(HOUR, dtype=bool)))
    assert isinstance(found, Paired)
    assert (found.baseline, found.candidate) == pytest.approx((2.0, 3.0))
    assert found.reported(found.differences) == pytest.approx([50.0])


@pytest.mark.parametrize("unknown", [0.0, np.nan])
def test_load_times_that_were_not_recorded_are_not_compared(unknown: float) -> None:
    windows = two(HOUR, load_ms=np.array([20.0, unknown]))
    found = quotients(BY_NAME["miss_cost_ms"], pair_up(windows, np.ones(HOUR, dtype=bool)))
    assert isinstance(found, NotMeasured)


def test_the_shares_of_the_measures_make_one() -> None:
    """Bonferroni: together they are wrong no more often than is allowed."""
    assert sum(measure.share for measure in MEASURES) == pytest.approx(1.0)


# Overlap, mode, warm-up --------------------------------------------------------------------------


def test_the_span_is_that_of_both() -> None:
    """The candidate begins two hours late and ends an hour early."""
    windows = without(without(two(DAY), slice(0, 120), 1), slice(DAY - 60, DAY), 1)
    found = overlap(windows, CACHE, "legacy", "new", AT_ONCE)
    assert (found.windows.start, found.windows.end) == (MONDAY + 120, MONDAY + DAY - 60)


@pytest.mark.parametrize(
    ("gets", "mirrored", "share"), [((100.0, 100.0), True, 0.5), ((90.0, 10.0), False, 0.1)]
)
def test_a_mirror_is_told_from_a_split(
    gets: tuple[float, float], mirrored: bool, share: float
) -> None:
    found = overlap(two(DAY, gets=np.array(gets)), CACHE, "legacy", "new", AT_ONCE)
    assert found.mirrored is mirrored
    assert found.candidate_share == pytest.approx(share)


def test_an_even_split_is_no_mirror() -> None:
    """The same gets on average, but not minute by minute."""
    assert not overlap(drawn(DAY, 1), CACHE, "legacy", "new", AT_ONCE).mirrored


def cold(minutes: int, first: int, memory: float, side: int = 1) -> Windows:
    """One side starts at a minute without entries; its share of misses falls from 1 to 0.1."""
    since = np.maximum(np.arange(minutes) - first, 0.0)
    share = np.full((minutes, 2), 0.9)
    share[:, side] = 0.9 - 0.9 * np.exp(-since / memory)
    windows = two(minutes, hit_share=share)
    return without(windows, slice(0, first), side) if first else windows


@pytest.mark.parametrize("side", [0, 1])
def test_a_warm_up_is_left_out_until_the_misses_stop_falling(side: int) -> None:
    """They fall with a memory of 40 minutes: within 2 points after 40 · ln(45) = 152 minutes.

    Found on the hour's mean, so somewhat earlier; the same on either side.
    """
    (found,) = warm_ups(cold(DAY, 60, 40.0, side), COLD)
    assert (found.since, found.after) == (MONDAY + 60, "start")
    assert 90 <= found.until - found.since <= 160
    assert found.implementation == ("legacy", "new")[side]


def test_what_begins_warm_loses_nothing() -> None:
    assert warm_ups(drawn(DAY, 2), COLD) == ()


def test_misses_that_fall_on_both_sides_are_no_warm_up() -> None:
    """The morning: what both feel is the day, not the start."""
    share = 0.6 + 0.3 * np.linspace(0, 1, DAY)[:, None]
    assert warm_ups(two(DAY, hit_share=share), COLD) == ()


def test_a_lost_content_is_a_warm_up_too() -> None:
    """Entries fall from 1,000 to 0 at noon, and come back in three hours; misses with them."""
    since = np.arange(DAY) - 720.0
    held = np.where(since < 0, 1.0, np.minimum(since / 180.0, 1.0))
    share = np.full((DAY, 2), 0.9)
    share[:, 1] = 0.9 * held
    entries = np.full((DAY, 2), 1000.0)
    entries[:, 1] = 1000.0 * held
    (found,) = warm_ups(two(DAY, hit_share=share, avg_cache_size=entries), COLD)
    assert (found.since, found.after) == (MONDAY + 720, "restart")
    assert 90 <= found.until - found.since <= 180


def test_a_given_warm_up_is_taken_as_it_is() -> None:
    found = warm_ups(cold(DAY, 60, 40.0), ComparisonSettings(warm_up_minutes=300))
    new = [each for each in found if each.implementation == "new"]
    assert [(each.since, each.until) for each in new] == [(MONDAY + 60, MONDAY + 360)]
    assert warm_ups(cold(DAY, 60, 40.0), AT_ONCE) == ()


def test_the_warm_up_is_not_compared() -> None:
    found = overlap(cold(DAY, 60, 40.0), CACHE, "legacy", "new", COLD)
    (left_out,) = found.left_out
    rows = left_out.until - found.windows.start
    assert not found.compared[:rows].any()
    assert found.compared[rows:].all()
