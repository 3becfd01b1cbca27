"""Points, merged histograms and the week's band: what a chart shows is what the windows say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from auditor.charting.course import COLUMNS, COUNTS, Course
from auditor.charting.expected import expected_points
from auditor.charting.latencies import (
    FINE_BINS,
    PARTS,
    HistogramRow,
    Merged,
    heat_of,
    quantiles,
)
from auditor.charting.points import longest_of, points_of
from auditor.charting.spans import SPANS
from auditor.charting.week import ordinary_week
from auditor.demo.weeks import DAYS, FIRST, KEYS, weeks
from baselines.expectation import expect
from baselines.fit import fit
from baselines.metrics import BY_NAME
from baselines.series import FloatArray
from baselines.trailing import LOOKBACK
from collector.histogram import EDGES_MS, OVERFLOW, Histogram, value_of

WORTH = np.array([value_of(number) for number in range(OVERFLOW + 1)])


def made_up(length: int, seed: int = 3, start: int = 7200) -> Course:
    """Windows of which a third is missing, and gauges that not all of them have."""
    random = np.random.default_rng(seed)
    columns = {name: random.integers(0, 50, length).astype(float) for name in COLUMNS}
    columns["provisional"] = (np.arange(length) == length - 1).astype(float)
    for name in ("entries", "memory_limit_bytes"):
        columns[name][random.random(length) < 0.4] = np.nan
    gone = random.random(length) < 0.33
    gone[10:20] = True
    gone[-1] = False
    for values in columns.values():
        values[gone] = np.nan
    return Course(start, 1, columns)


def over(above: Sequence[float], below: Sequence[float]) -> float:
    """Sum over sum, of what is there; NaN where nothing is below."""
    total = sum(each for each in below if not math.isnan(each))
    return sum(each for each in above if not math.isnan(each)) / total if total else math.nan


def same(found: FloatArray, told: Sequence[float]) -> None:
    np.testing.assert_allclose(found, np.array(told, dtype=float), rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("step", [1, 7, 10])
def test_points_are_sums_over_sums_as_a_loop_makes_them(step: int) -> None:
    """Slow twin: each point is added up window by window."""
    course = made_up(203, start=70 * 100)
    rows = [
        {name: float(course.column(name)[at]) for name in COLUMNS} for at in range(course.length)
    ]
    groups = [rows[at : at + step] for at in range(0, len(rows), step)]
    there = [[row for row in group if not math.isnan(row["hits"])] for group in groups]

    def sums(name: str) -> list[list[float]]:
        return [[row[name] for row in group] for group in there]

    gets = [[row["hits"] + row["misses"] for row in group] for group in there]
    found = points_of(course, step)
    assert found.minutes.tolist() == [len(group) for group in there]
    same(found.hit_rate_percent,
         [100 * over(a, b) for a, b in zip(sums("hits"), gets, strict=True)])  # fmt: skip
    operations = zip(sums("errors"), sums("total_operations"), strict=True)
    same(found.error_rate_percent, [100 * over(a, b) for a, b in operations])
    whole = [[row["hits"] + row["misses"] + row["get_errors"] for row in group] for group in there]
    same(found.per_minute["gets"], [sum(g) / len(g) if g else math.nan for g in whole])
    same(found.per_minute["evictions"],
         [sum(g) / len(g) if g else math.nan for g in sums("evictions")])  # fmt: skip
    known = [[each for each in group if not math.isnan(each)] for group in sums("entries")]
    same(found.entries, [sum(g) / len(g) if g else math.nan for g in known])
    same(longest_of(course, step), [max(g, default=math.nan) for g in sums("longest_ms")])
    assert found.provisional.tolist() == [any(row["provisional"] for row in g) for g in there]


def test_a_rate_is_no_mean_of_rates() -> None:
    """By hand: 1 of 1 and 0 of 9 are 1 of 10, not a half."""
    columns = {name: np.zeros(2) for name in COUNTS}
    columns |= {"hits": np.array([1.0, 0.0]), "misses": np.array([0.0, 9.0])}
    found = points_of(Course(0, 1, columns), 2)
    assert found.hit_rate_percent.tolist() == [10.0]
    assert found.per_minute["gets"].tolist() == [5.0]


def test_a_gap_is_no_zero_and_zeros_are_no_gap() -> None:
    """A window that is missing has no figure; an idle one has a traffic of 0 and no hit rate."""
    columns = {name: np.array([0.0, np.nan]) for name in COUNTS}
    found = points_of(Course(0, 1, columns), 1)
    assert found.minutes.tolist() == [1.0, 0.0]
    assert found.per_minute["gets"][0] == 0.0
    assert np.isnan(found.per_minute["gets"][1])
    assert np.isnan(found.hit_rate_percent).all()
    for counted in (found.hits, found.misses, found.gets, found.operations, found.errors):
        assert counted[0] == 0.0
        assert np.isnan(counted[1])


def test_traffic_is_over_the_minutes_that_were_seen() -> None:
    """Half an hour of silence does not halve the traffic of the hour's other half."""
    columns = {name: np.zeros(60) for name in COUNTS}
    columns["hits"] = np.full(60, 8.0)
    for values in columns.values():
        values[30:] = np.nan
    found = points_of(Course(0, 1, columns), 60)
    assert found.per_minute["gets"].tolist() == [8.0]
    assert found.minutes.tolist() == [30.0]
    assert found.hits.tolist() == [240.0]


def test_a_step_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        points_of(Course(0, 60, {"hits": np.zeros(3)}), 90)
    with pytest.raises(ValueError, match="do not fit"):
        points_of(Course(5, 1, {"hits": np.zeros(3)}), 10)


def drawn(seed: int, windows: int) -> list[tuple[HistogramRow, list[float]]]:
    """Sparse histograms, two rows a window and kind, and the times that are in each."""
    random = np.random.default_rng(seed)
    made = []
    for window in range(windows):
        for part in range(len(PARTS)):
            for _node in range(2):
                n = int(random.integers(0, 12))
                times = random.lognormal(2.0 * part, 1.2, n).tolist()
                histogram = Histogram()
                for each in times:
                    histogram.add(each)
                made.append((HistogramRow(window, part, *histogram.columns()), times))
    return made


@pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 0.99, 1.0])
def test_merged_quantiles_are_those_of_all_events_together(q: float) -> None:
    """Slow twin: the collector's own histogram, filled with every single time of the point."""
    made = drawn(5, 20)
    merged = Merged(0, 4, 5, OVERFLOW + 1)
    merged.add(row for row, _ in made)
    found = quantiles(merged.counts.sum(axis=1), WORTH, q)
    for point in range(5):
        whole = Histogram()
        for row, times in made:
            if row.window // 4 == point:
                for each in times:
                    whole.add(each)
        expected = whole.quantile(q)
        assert expected is not None
        assert found[point] == pytest.approx(expected, rel=1e-12)


def test_an_empty_histogram_has_no_quantile() -> None:
    assert np.isnan(quantiles(np.zeros((1, OVERFLOW + 1), dtype=np.int64), WORTH, 0.5)).all()
    with pytest.raises(ValueError, match="0 to 1"):
        quantiles(np.zeros((1, 2), dtype=np.int64), WORTH[:2], 1.5)


def test_the_heat_map_holds_every_get_once_and_in_its_row() -> None:
    """Slow twin: each time is put into the row whose bounds hold it."""
    made = drawn(9, 24)
    merged = Merged(0, 1, 24, OVERFLOW + 1)
    merged.add(row for row, _ in made)
    found = heat_of(merged, np.array(EDGES_MS), 8)
    assert found.counts.shape[1] == 3
    for part in range(len(PARTS)):
        told = np.zeros(found.counts.shape[1:], dtype=int)
        for row, times in made:
            for each in times if row.part == part else ():
                inside = (found.lower_ms <= each) & (each < found.upper_ms)
                told[row.window // 8, int(np.flatnonzero(inside)[0])] += 1
        assert (found.counts[part] == told).all()
    assert (found.lower_ms[1:] == found.upper_ms[:-1]).all()
    inner = found.upper_ms[1:-1] / found.lower_ms[1:-1]
    np.testing.assert_allclose(inner, 1.02**FINE_BINS, rtol=1e-9)


def test_the_slowest_and_the_fastest_have_rows_of_their_own() -> None:
    """Below a microsecond and beyond a thousand seconds nothing is known but that."""
    histogram = Histogram()
    histogram.add(0.0, 3)
    histogram.add(5e6, 2)
    merged = Merged(0, 1, 1, OVERFLOW + 1)
    merged.add([HistogramRow(0, 0, *histogram.columns())])
    found = heat_of(merged, np.array(EDGES_MS), 1)
    assert (found.lower_ms[0], found.upper_ms[0]) == (0.0, EDGES_MS[0])
    assert (found.lower_ms[-1], found.upper_ms[-1]) == (EDGES_MS[-1], math.inf)
    assert found.counts[0, 0, 0] == 3
    assert found.counts[0, 0, -1] == 2


def test_no_time_at_all_makes_no_row() -> None:
    found = heat_of(Merged(0, 1, 4, OVERFLOW + 1), np.array(EDGES_MS), 2)
    assert found.counts.shape == (3, 2, 0)
    assert found.lower_ms.size == 0


def course_of_weeks() -> Course:
    """The busy cache's `new` in the demo's weeks."""
    windows = weeks().only(KEYS[1:2])
    columns = {name: windows.column(name)[:, 0] for name in COUNTS}
    return Course(FIRST, 1, columns)


def test_a_minutes_band_is_that_of_the_baseline() -> None:
    """At single minutes it is `expect`'s, where something was heard; over ten there is no band."""
    windows = weeks().only(KEYS[1:2])
    baseline = fit(windows, KEYS[1], time_zone="UTC")
    course, since = course_of_weeks(), FIRST + 9 * 1440
    by_minute = {each.name: each for each in expected_points(course, since, 1, baseline)}
    known = course.after(since).present()
    for name in ("hit_rate", "traffic"):
        told = expect(BY_NAME[name], course.windows(KEYS[1]), {KEYS[1]: baseline})
        found = by_minute[name]
        assert found.lower is not None
        for mine, theirs in ((found.centre, told.centre), (found.lower, told.lower)):
            np.testing.assert_array_equal(mine[known], theirs[9 * 1440 :, 0][known])
        assert np.isnan(found.centre[~known]).all()
    assert not known.all()
    tens = {each.name: each for each in expected_points(course, since, 10, baseline)}
    assert tens["hit_rate"].lower is None


def test_over_several_minutes_the_expected_hits_are_over_the_gets_that_came() -> None:
    """Slow twin of the weighting: expected hits of each minute, added up over the gets."""
    windows = weeks().only(KEYS[1:2])
    baseline = fit(windows, KEYS[1], time_zone="UTC")
    since = FIRST + (DAYS - 1) * 1440
    course = course_of_weeks().after(since - LOOKBACK)
    minutes = {e.name: e for e in expected_points(course, since, 1, baseline)}["hit_rate"]
    tens = {e.name: e for e in expected_points(course, since, 10, baseline)}["hit_rate"]
    told = course.after(since)
    gets = told.column("hits") + told.column("misses")
    for point in (0, 17, 143):
        of = slice(10 * point, 10 * point + 10)
        by_hand = float((minutes.centre[of] * gets[of]).sum() / gets[of].sum())
        assert tens.centre[point] == pytest.approx(by_hand, rel=1e-12)


def test_the_ordinary_week_lies_within_its_band() -> None:
    windows = weeks().only(KEYS[1:2])
    baseline = fit(windows, KEYS[1], time_zone="UTC")
    found = {each.metric.name: each for each in ordinary_week(baseline)}
    assert {"hit_rate", "traffic", "miss_latency_ms"} <= set(found)
    for each in found.values():
        assert each.centre.shape == (168,)
        assert (each.lower <= each.centre).all()
        assert (each.centre <= each.upper).all()
    share = weeks().only(KEYS[1:2]).column("hits").copy()
    gets = weeks().only(KEYS[1:2]).column("gets")
    slot = 15  # Monday 15:00, three Mondays of it; FIRST is a Monday's midnight
    rows = np.concatenate([np.arange(60) + week * 10080 + slot * 60 for week in range(3)])
    plain = 100.0 * np.nansum(share[rows]) / np.nansum(gets[rows])
    assert found["hit_rate"].centre[slot] == pytest.approx(plain, abs=1.0)
    outside = (100.0 * share[rows] / gets[rows] < found["hit_rate"].lower[slot]).mean()
    assert outside < 0.02


def test_every_span_is_made_of_whole_points_and_columns() -> None:
    """However it ends: the points of each fit its windows, and there are at most some thousand."""
    for span in SPANS.values():
        for until in (1_000_001, 999_999, 5_259_600):
            since, end = span.since(until), span.end(until)
            assert since % span.step == end % span.step == 0
            assert since < until <= end < until + span.step
            assert (end - since) // span.step <= 2000
        assert span.heat_step % span.times_step == 0
        assert span.minutes // span.heat_step <= 200
        assert span.step % (60 if span.source == "hours" else 1) == 0
