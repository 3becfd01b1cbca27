"""What a difference comes to, all of them together, and how much longer it takes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from side_by_side import CACHE, DAY, HOUR, drawn, two, without

from auditor.comparing.compare import compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.errors import (
    SameImplementation,
    UnknownCache,
    UnknownImplementation,
    UnknownMeasure,
)
from auditor.comparing.measures import BY_NAME
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.verdict import Difference, Status, overall, settled
from auditor.comparing.wording import basis, difference, headline, losing_hours
from baselines.series import Windows

AT_ONCE = ComparisonSettings(warm_up_minutes=0, pairs=0)
INF = math.inf


@pytest.mark.parametrize(
    ("centre", "low", "high", "status"),
    [
        (0.1, -0.4, 0.4, "equivalent"),
        (0.3, 0.2, 0.4, "equivalent"),
        (2.0, 0.1, 3.9, "better"),
        (-2.0, -3.9, -0.1, "worse"),
        (2.0, -0.1, 4.1, "undecided"),
        (0.45, 0.1, 0.8, "undecided"),
        (0.5, 0.1, 0.9, "better"),
        (0.0, -INF, INF, "undecided"),
    ],
)
def test_an_interval_against_a_margin_of_half_a_point(
    centre: float, low: float, high: float, status: Status
) -> None:
    """Zero outside of it is not enough: the estimate must reach the margin too."""
    assert settled(BY_NAME["hit_rate"], 0.5, centre, low, high) == status
    turned = {"better": "worse", "worse": "better"}.get(status, status)
    assert settled(BY_NAME["error_rate"], 0.5, centre, low, high) == turned


def made(status: Status, more: float | None = None, foretold: Status | None = None) -> Difference:
    nan = float("nan")
    return Difference(
        "hit_rate", "hit rate", "%", "points", nan, nan, nan, nan, nan, 0.5, status,
        foretold or status, more, "windows",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "verdict", "more"),
    [
        ([made("better"), made("equivalent")], "better", None),
        ([made("better"), made("undecided", 5.0)], "better", None),
        ([made("worse"), made("undecided", 5.0)], "worse", None),
        ([made("better"), made("worse")], "mixed", None),
        ([made("equivalent"), made("not measured")], "equivalent", None),
        ([made("equivalent"), made("undecided", 5.0)], "not enough evidence", 5.0),
        ([made("undecided", 9.0), made("undecided", 5.0)], "not enough evidence", 9.0),
        (
            [made("undecided", 9.0), made("undecided", 5.0, "better"), made("undecided")],
            "not enough evidence",
            5.0,
        ),
        ([made("undecided", 9.0), made("undecided")], "not enough evidence", None),
        ([made("not measured")], "not enough evidence", None),
        ([], "not enough evidence", None),
    ],
)
def test_all_measures_together(found: list[Difference], verdict: str, more: float | None) -> None:
    """One that differs decides, as soon as it does; being equivalent takes all of them."""
    assert overall(found) == (verdict, more)


# compare -----------------------------------------------------------------------------------------


def at(windows: Windows, hours: int, settings: ComparisonSettings = AT_ONCE) -> Comparison:
    return compare(windows.rows(0, hours * HOUR), CACHE, "legacy", "new", settings)


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [((0.9, 0.93), "better"), ((0.9, 0.87), "worse"), ((0.9, 0.9), "not enough evidence")],
)
def test_a_day_decides_three_points(rates: tuple[float, float], verdict: str) -> None:
    found = at(drawn(DAY, 11, hit_share=rates), 24)
    assert found.verdict == verdict
    one = found.difference("hit_rate")
    assert one.lower < 100 * (rates[1] - rates[0]) < one.upper


def test_equal_ones_are_equivalent_after_a_while() -> None:
    """Ten days of 2,000 gets a minute: every difference is within its margin."""
    found = at(drawn(10 * DAY, 12, gets=2000.0), 240)
    assert found.verdict == "equivalent"
    assert headline(found) == "new and legacy are equivalent: no difference reaches its margin."


def test_it_says_about_when_it_will_know() -> None:
    """A difference of a point, asked at 8 h: it is decided within half and double the time said."""
    windows = drawn(20 * DAY, 13, gets=100.0, hit_share=(0.8, 0.81))
    early = at(windows, 8).difference("hit_rate")
    assert early.status == "undecided"
    assert early.more_hours is not None
    decided = next(
        hours for hours in range(9, 480) if at(windows, hours).difference("hit_rate").status
        not in ("undecided",)
    )  # fmt: skip
    assert 0.5 * (8 + early.more_hours) <= decided <= 2.0 * (8 + early.more_hours)


def test_before_eight_blocks_nothing_is_said() -> None:
    """Ten points apart, and the eighth hour is the first that may say so."""
    windows = drawn(DAY, 14, gets=2000.0, hit_share=(0.9, 0.8))
    assert at(windows, 7).verdict == "not enough evidence"
    assert at(windows, 7).more_hours == pytest.approx(1.0)
    assert at(windows, 8).verdict == "worse"


def test_without_a_full_hour_there_is_no_evidence() -> None:
    found = at(drawn(DAY, 15).rows(0, 50), 24)
    assert (found.blocks, found.verdict, found.more_hours) == (0, "not enough evidence", None)
    assert "no full hour in common" in headline(found)


def test_silent_caches_are_compared_without_a_fault() -> None:
    """Windows of zeros: nothing is measured."""
    found = at(two(DAY, gets=0.0), 24)
    assert found.verdict == "not enough evidence"
    assert {each.status for each in found.differences} == {"not measured"}


def test_errors_that_never_happened_are_equivalent() -> None:
    """A day without one error in 288,000 on either side, and no interval of width nothing."""
    found = at(drawn(DAY, 16), 24).difference("error_rate")
    assert found.status == "equivalent"
    assert found.lower < 0.0 < found.upper


def test_more_errors_are_worse() -> None:
    """Half a percent of the candidate's operations fail."""
    windows = drawn(DAY, 17)
    errors = np.zeros((DAY, 2))
    errors[:, 1] = np.random.default_rng(17).binomial(200, 0.005, DAY)
    made_ = Windows(windows.start, windows.keys, {**windows.columns, "errors": errors})
    found = at(made_, 24)
    assert found.difference("error_rate").status == "worse"
    assert found.verdict == "worse"


@pytest.mark.parametrize(
    ("names", "error", "said"),
    [
        (("pages", "legacy", "new"), UnknownCache, "there is sessions"),
        ((CACHE, "old", "new"), UnknownImplementation, "there is legacy, new"),
        ((CACHE, "legacy", "newer"), UnknownImplementation, "there is legacy, new"),
        ((CACHE, "new", "new"), SameImplementation, "both baseline and candidate"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(
    names: tuple[str, str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        compare(two(HOUR), *names)


def test_a_series_without_a_window_is_not_there() -> None:
    with pytest.raises(UnknownImplementation):
        compare(without(two(HOUR), slice(None), 1), CACHE, "legacy", "new")


def test_a_margin_of_something_else_is_refused() -> None:
    with pytest.raises(UnknownMeasure, match="hit_rate"):
        compare(two(HOUR), CACHE, "legacy", "new", ComparisonSettings(margins={"speed": 1.0}))
    with pytest.raises(ValueError, match="above 0"):
        compare(two(HOUR), CACHE, "legacy", "new", ComparisonSettings(margins={"p95_ms": 0.0}))
    with pytest.raises(ValueError, match="a chance"):
        ComparisonSettings(wrong_verdicts=5.0)


def test_a_settable_margin_changes_what_it_comes_to() -> None:
    """Three points better is equivalent to whoever says that four points are nothing."""
    windows = drawn(3 * DAY, 11, hit_share=(0.9, 0.93))
    wide = ComparisonSettings(
        margins={"hit_rate": 4.0, "miss_cost_ms": 60.0}, warm_up_minutes=0, pairs=0
    )
    assert at(windows, 72).verdict == "better"
    assert at(windows, 72, wide).verdict == "equivalent"


# Hours of the day, and words ---------------------------------------------------------------------


def test_the_hours_that_lose_are_named_though_the_whole_gains() -> None:
    """Two points better by day, six worse from 3 to 5; the hours are of the given time zone."""
    hour = (np.arange(7 * DAY) // HOUR) % 24
    share = np.full((7 * DAY, 2), 0.85)
    share[:, 1] += np.where((hour == 3) | (hour == 4), -0.06, 0.02)
    random = np.random.default_rng(18)
    hits = random.binomial(500, share) / 500.0
    windows = two(7 * DAY, gets=500.0, hit_share=hits)
    found = at(windows, 168)
    assert found.verdict == "better"
    lost = [e.hour for e in found.hours_of_day if e.losing and e.measure == "hit_rate"]
    assert lost == [3, 4]
    assert "hit rate is worse in 0" in losing_hours(found)[0]
    zurich = ComparisonSettings(warm_up_minutes=0, pairs=0, time_zone="Europe/Zurich")
    moved = at(windows, 168, zurich).hours_of_day
    assert [e.hour for e in moved if e.losing and e.measure == "hit_rate"] == [4, 5]


def test_equal_ones_lose_in_no_hour() -> None:
    """Forty weeks of two equal ones: of 960 hours of the day at most a few per cent of weeks."""
    weeks = [at(drawn(7 * DAY, 100 + seed, gets=50.0), 168) for seed in range(40)]
    assert sum(any(e.losing for e in week.hours_of_day) for week in weeks) <= 3


def test_the_words_carry_the_numbers() -> None:
    found = at(without(drawn(DAY, 11, hit_share=(0.9, 0.93)), slice(100, 110), 1), 20)
    said = headline(found)
    one = found.difference("hit_rate")
    assert said.startswith(f"new is better than legacy: hit rate {one.estimate:+.2f} points (")
    assert f"({one.lower:+.2f} to {one.upper:+.2f})" in said
    assert "Not decided yet: " not in said or "more" in said
    sentences = " ".join(basis(found))
    assert "20 h in 20 blocks of 1 h; split, new has 50 % of the gets" in sentences
    assert "10 minutes lack a window" in sentences
    assert "only 20 of the 24 hours of a day were seen" in sentences


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (2.126, "points", "+2.13 points"),
        (-0.001, "points", "+0.00 points"),
        (-12.34, "%", "-12.3 %"),
        (INF, "%", "unbounded"),
        (float("nan"), "%", ""),
    ],
)
def test_a_difference_in_words(value: float, unit: str, said: str) -> None:
    assert difference(value, unit) == said
