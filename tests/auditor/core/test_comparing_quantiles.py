"""Response times by quantile: planted factors, unequal splits, and what is not fair to compare."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from side_by_side import CACHE, DAY, HOUR, MONDAY, drawn, two

from auditor.comparing.blocks import Blocks, pair_up
from auditor.comparing.compare import compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.measures import BY_NAME
from auditor.comparing.paired import NotMeasured, Paired
from auditor.comparing.quantiles import (
    HourCount,
    ResponseTimes,
    by_distribution,
    distributions,
    response_times,
)
from auditor.comparing.settings import ComparisonSettings
from baselines.series import FloatArray
from collector.histogram import EDGES_MS, Histogram

AT_ONCE = ComparisonSettings(warm_up_minutes=0, pairs=0)
EDGES = np.array(EDGES_MS)


def shares(median_ms: float) -> FloatArray:
    """Shares by bin of log-normal times with a width of 0.5."""
    below = ndtr((np.log(EDGES) - np.log(median_ms)) / 0.5)
    return np.diff(below, prepend=0.0, append=1.0)


def histograms(hours: int, gets: tuple[float, float], factor: float, seed: int) -> ResponseTimes:
    """Hours of both sides; the candidate is slower by a factor, and the hour moves both."""
    random = np.random.default_rng(seed)
    counts = np.zeros((hours, 2, len(EDGES) + 1))
    for hour in range(hours):
        median = 5.0 * np.exp(random.normal(0, 0.2))
        for side, slower in enumerate((1.0, factor)):
            counts[hour, side] = random.poisson(gets[side] * shares(median * slower))
    return ResponseTimes(MONDAY, EDGES, counts)


def day_of(times: ResponseTimes, gets: tuple[float, float]) -> Comparison:
    windows = two(DAY, gets=np.array(gets) / 60.0)
    return compare(windows, CACHE, "legacy", "new", AT_ONCE, response_times=times)


@pytest.mark.parametrize("name", ["p50_ms", "p95_ms", "p99_ms"])
def test_a_planted_factor_is_found_at_every_quantile(name: str) -> None:
    """A quarter slower, though each hour moves both by more than that."""
    found = day_of(histograms(24, (20_000, 20_000), 1.25, 1), (20_000, 20_000)).difference(name)
    assert found.source == "histograms"
    assert found.status == "worse"
    assert found.lower < 25.0 < found.upper
    assert found.estimate == pytest.approx(25.0, abs=4.0)


def test_an_unequal_split_is_no_difference() -> None:
    """Forty weeks-worth of hours at 400 gets against 20,000: the thin side's p99 is not biased.

    The quantile of such an hour itself would be: its mean logarithm is off by more than that.
    """
    gets = (20_000.0, 400.0)
    times = histograms(24 * 40, gets, 1.0, 2)
    windows = two(40 * DAY, gets=np.array(gets) / 60.0)
    blocks = pair_up(windows, np.ones(40 * DAY, dtype=bool))
    known = distributions(times, blocks, np.ones(40 * DAY, dtype=bool))
    found = by_distribution(BY_NAME["p99_ms"], known)
    assert isinstance(found, Paired)
    mean = np.average(found.differences, weights=found.weights)
    off = float(found.reported(np.asarray(mean)))
    assert abs(off) < 1.5
    by_hour = [
        [Histogram.of(range(len(each)), each.astype(int)).quantile(0.99) for each in hour]
        for hour in times.counts[:200]
    ]
    assert abs(np.log(np.array(by_hour)).mean(axis=0) @ [-1.0, 1.0]) > 0.005


def test_whole_quantiles_are_those_of_the_merged_histogram() -> None:
    """With one weight for all hours, the figures are the merged histogram's, within a bin."""
    times = histograms(24, (5000, 5000), 1.1, 3)
    found = day_of(times, (5000, 5000))
    for side in (0, 1):
        merged = times.counts[:, side].sum(axis=0).astype(int)
        exact = Histogram.of(range(len(merged)), merged).quantile(0.95)
        shown = found.difference("p95_ms")
        assert (shown.baseline, shown.candidate)[side] == pytest.approx(exact, rel=0.02)


def test_a_quantile_in_a_gap_has_a_wide_interval() -> None:
    """Hits take 1 ms and loads 100 ms, 95 % are hits: the 95th percentile may be either."""
    counts = np.zeros((24, 2, len(EDGES) + 1))
    random = np.random.default_rng(4)
    fast, slow = np.searchsorted(EDGES, [1.0, 100.0])
    hits = random.binomial(10_000, 0.95, (24, 2))
    counts[:, :, fast], counts[:, :, slow] = hits, 10_000 - hits
    found = day_of(ResponseTimes(MONDAY, EDGES, counts), (10_000, 10_000)).difference("p95_ms")
    assert found.status == "undecided"
    assert found.upper - found.lower > 90.0


def test_hours_that_are_partly_cold_have_no_histogram() -> None:
    """Ninety minutes of warm-up: the first two hours' histograms are left out."""
    times = histograms(24, (5000, 5000), 1.0, 5)
    blocks = Blocks(MONDAY, HOUR, np.full(24, HOUR), {})
    warm = np.arange(DAY) >= 90
    assert distributions(times, blocks, warm).weights[:3].tolist() == [
        0.0,
        0.0,
        pytest.approx(2500.0, rel=0.1),
    ]


def test_sparse_rows_of_nodes_and_operations_are_added_up() -> None:
    """By hand; an hour outside of the span is not among them."""
    rows = [
        HourCount(MONDAY, 0, [2, 5], [10, 1]),
        HourCount(MONDAY, 0, [2], [7]),
        HourCount(MONDAY + 60, 1, [5], [3]),
        HourCount(MONDAY - 60, 1, [5], [9]),
    ]
    found = response_times(rows, EDGES_MS, MONDAY + 5, MONDAY + 120)
    assert found is not None
    assert found.counts.shape == (2, 2, len(EDGES) + 1)
    assert (found.counts[0, 0, 2], found.counts[0, 0, 5], found.counts[1, 1, 5]) == (17, 1, 3)
    assert found.counts.sum() == 21
    assert response_times([], EDGES_MS, MONDAY, MONDAY + 60) is None
    with pytest.raises(ValueError, match="do not fit"):
        ResponseTimes(MONDAY, EDGES, np.zeros((1, 2, 7)))


# Quantiles of minutes ----------------------------------------------------------------------------


def minutes_of(gets: tuple[float, float], factor: float) -> Comparison:
    random = np.random.default_rng(6)
    column = 30.0 * np.exp(random.normal(0, 0.3, (DAY, 1)) + random.normal(0, 0.05, (DAY, 2)))
    windows = two(DAY, gets=np.array(gets), p95_response_time_ms=column * [1.0, factor])
    return compare(windows, CACHE, "legacy", "new", AT_ONCE)


def test_without_histograms_the_minutes_quantiles_are_compared() -> None:
    found = minutes_of((200.0, 200.0), 1.2).difference("p95_ms")
    assert (found.source, found.status) == ("quantiles of minutes", "worse")
    assert found.estimate == pytest.approx(20.0, abs=1.0)
    assert minutes_of((200.0, 200.0), 1.2).difference("p50_ms").status == "not measured"


@pytest.mark.parametrize(
    ("gets", "why"), [((200.0, 100.0), "same traffic on both sides"), ((8.0, 8.0), "more gets")]
)
def test_minutes_quantiles_that_are_not_fair_are_not_compared(
    gets: tuple[float, float], why: str
) -> None:
    """The figures are shown all the same."""
    found = minutes_of(gets, 1.2).difference("p95_ms")
    assert found.status == "not measured"
    assert why in found.why
    assert found.candidate == pytest.approx(1.2 * found.baseline, rel=0.05)


def test_no_hour_in_common_is_said() -> None:
    empty = distributions(
        ResponseTimes(MONDAY, EDGES, np.zeros((24, 2, len(EDGES) + 1))),
        pair_up(drawn(DAY, 1), np.ones(DAY, dtype=bool)),
        np.ones(DAY, dtype=bool),
    )
    found = by_distribution(BY_NAME["p95_ms"], empty)
    assert isinstance(found, NotMeasured)
