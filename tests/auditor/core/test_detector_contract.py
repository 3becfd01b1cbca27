"""What every detector promises, run over the registry: a new detector is found by itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from planted import (
    DAY,
    failing_gets,
    healthy,
    lost_hits,
    multiplied,
    purged,
    scaled_traffic,
    slow_hits,
    slow_loads,
    unheard,
)
from sklearn.ensemble import IsolationForest

from auditor.detectors.detector import Detector
from auditor.detectors.registry import detectors
from auditor.judging.learning import Learned
from auditor.statistics.forest import ROWS_A_TREE, TREES, Forest, ForestSample, grown
from auditor.statistics.residuals import RESIDUALS
from auditor.statistics.scene import CONTEXT, Scene
from auditor.statistics.scene import scene as scene_of
from auditor.statistics.whole_hours import Hours, hours_of
from baselines.baseline import Baseline
from baselines.metrics import BY_NAME
from baselines.series import FloatArray, SeriesKey, Windows

every_detector = pytest.mark.parametrize("detector", detectors(), ids=lambda each: each.name)
ROWS = 600


@pytest.fixture(scope="module")
def windows(next_days: Windows) -> Windows:
    """A morning with everything in it: losses, slowness, errors, gaps, silence."""
    block = next_days.rows(DAY + 360, DAY + 360 + ROWS)
    block = lost_hits(block, 200, 220, 0.3)
    block = slow_loads(block, 260, 280, 3.0)
    block = failing_gets(block, 320, 330, 0.2)
    block = unheard(block, 380, 390, slice(0, 1))
    return scaled_traffic(block, 450, 470, 0.0, slice(1, 2))


@cache
def hours() -> Hours:
    """Hours of the days around the blocks that are scored here, the last ones a little worse."""
    days = healthy(17, seed=11)
    return hours_of(lost_hits(days, 15 * DAY - 200, days.shape[0], 0.05))


def scene(
    windows: Windows, baselines: Mapping[SeriesKey, Baseline], forest: Forest | None = None
) -> Scene:
    return scene_of(windows, baselines, forest, hours=hours())


def scored(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest
) -> dict[str, FloatArray]:
    found = detector.score(scene(windows, learned.baselines, forest))
    return {each.channel.name: each.statistic for each in found}


@every_detector
def test_shapes_and_names(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest
) -> None:
    found = detector.score(scene(windows, learned.baselines, forest))
    assert len({each.channel.name for each in found}) == len(found) > 0
    for each in found:
        assert each.channel.detector == detector.name
        for values in (
            each.statistic,
            each.value,
            each.expected,
            each.lower,
            each.upper,
            each.count,
        ):
            assert values.shape == windows.shape
            assert values.dtype == np.float64


@every_detector
def test_statistics_are_finite_or_not_judged(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest
) -> None:
    for statistic in scored(detector, windows, learned, forest).values():
        assert not np.isinf(statistic).any()
        assert np.isfinite(statistic).mean() > 0.5


@every_detector
@pytest.mark.parametrize("rows", [1, 7, 215, 388, 461])
def test_a_prefix_gets_the_scores_of_the_whole(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest, rows: int
) -> None:
    """Causal: nothing that comes later changes a score, not by a bit."""
    whole = scored(detector, windows, learned, forest)
    part = scored(detector, windows.rows(0, rows), learned, forest)
    for channel, statistic in part.items():
        np.testing.assert_array_equal(statistic, whole[channel][:rows])


@every_detector
@pytest.mark.parametrize("size", [1, 13, 60])
def test_scores_do_not_depend_on_the_block(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest, size: int
) -> None:
    """A tick's minute and a backtest's day agree to the bit, given CONTEXT rows before."""
    whole = scored(detector, windows, learned, forest)
    for first in (CONTEXT, CONTEXT + 5, 265, 325, 384, 455):
        block = windows.rows(first - CONTEXT, first + size)
        part = scored(detector, block, learned, forest)
        for channel, statistic in part.items():
            np.testing.assert_array_equal(statistic[CONTEXT:], whole[channel][first : first + size])


@every_detector
def test_a_series_is_scored_alike_beside_strangers(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest
) -> None:
    """Its own cache's implementations may matter, the order of columns may not."""
    turned = windows.only(windows.keys[::-1])
    there = scored(detector, windows, learned, forest)
    back = scored(detector, turned, learned, forest)
    for channel, statistic in there.items():
        np.testing.assert_array_equal(statistic, back[channel][:, ::-1])


@every_detector
def test_scoring_twice_is_the_same_and_changes_no_input(
    detector: Detector, windows: Windows, learned: Learned, forest: Forest
) -> None:
    before = {name: values.copy() for name, values in windows.columns.items()}
    once = scored(detector, windows, learned, forest)
    again = scored(detector, windows, learned, forest)
    for channel, statistic in once.items():
        np.testing.assert_array_equal(statistic, again[channel])
    for name, values in windows.columns.items():
        np.testing.assert_array_equal(values, before[name])


@every_detector
def test_without_a_baseline_nothing_is_judged(
    detector: Detector, windows: Windows, forest: Forest
) -> None:
    """NaN, never 0: 0 is the score of a perfectly ordinary window."""
    for each in detector.score(scene(windows, {}, forest)):
        assert np.isnan(each.statistic).all()


PLANTED = {
    "hit_rate": lambda block, a, b: lost_hits(block, a, b, 0.5),
    "error_rate": lambda block, a, b: failing_gets(block, a, b, 0.3),
    "miss_latency_ms": lambda block, a, b: slow_loads(block, a, b, 5.0),
    "response_time_ms": lambda block, a, b: slow_loads(block, a, b, 5.0),
    "traffic.drop": lambda block, a, b: scaled_traffic(block, a, b, 0.1),
    "traffic.surge": lambda block, a, b: scaled_traffic(block, a, b, 6.0),
    "traffic": lambda block, a, b: scaled_traffic(block, a, b, 0.0, slice(1, 2)),
    "distinct_keys": lambda block, a, b: multiplied(block, "distinct_keys", a, b, 5.0),
    "hit_latency_ms": lambda block, a, b: slow_hits(block, a, b, 3.0),
    "evictions": lambda block, a, b: multiplied(block, "evictions", a, b, 20.0),
    "expirations": lambda block, a, b: multiplied(block, "expirations", a, b, 20.0),
    "deletes": purged,
    "all": lambda block, a, b: lost_hits(slow_loads(block, a, b, 5.0), a, b, 0.5),
}


@every_detector
def test_up_is_strange(
    detector: Detector, next_days: Windows, learned: Learned, forest: Forest
) -> None:
    """A planted anomaly of the own kind beats every ordinary minute of the hours before."""
    ordinary = next_days.rows(DAY + 360, DAY + 760)
    for each in detector.score(scene(ordinary, learned.baselines, forest)):
        channel = each.channel
        variant = channel.variant if channel.variant in ("drop", "surge") else ""
        kind = f"{channel.metric}.{variant}" if variant else channel.metric
        if detector.name == "sibling" and kind == "miss_latency_ms":
            continue  # slow loads are planted in both series
        if detector.name in ("drift", "sibling_drift"):
            continue  # covered in test_drift: they look at the hours before
        strange = PLANTED[kind](ordinary, 380, 400)
        found = scored(detector, strange, learned, forest)[channel.name]
        assert found[392, 1] > np.nanmax(each.statistic[CONTEXT:380, 1])


def test_every_detector_names_registered_metrics() -> None:
    for detector in detectors():
        assert set(detector.metrics) <= set(BY_NAME)
        assert detector.least_scale > 0


def test_what_only_backs_never_opens() -> None:
    assert {each.name for each in detectors() if not each.opens} == {
        "distinct",
        "drift",
        "isolation_forest",
        "joint_residual",
        "rarity",
        "sibling_supply",
        "static_thresholds",
        "supply",
    }


def test_the_forest_is_grown_again_from_its_sample(
    windows: Windows, learned: Learned, forest: Forest
) -> None:
    assert learned.forest is not None
    twin = Forest(learned.forest)
    assert grown(learned.forest) is grown(learned.forest)
    rows = learned.forest.matrix[:50]
    np.testing.assert_array_equal(twin.strangeness(rows), forest.strangeness(rows))


@pytest.mark.parametrize("rows", [256, 4096])
def test_the_forest_scores_as_scikit_learns(rows: int) -> None:
    """Its trees are asked directly: the bits are those of score_samples, turned over."""
    random = np.random.default_rng(rows)
    matrix = np.round(random.standard_t(3, (rows, len(RESIDUALS))), 2)
    matrix[: rows // 8] = 0.0
    twin = IsolationForest(n_estimators=TREES, max_samples=ROWS_A_TREE, random_state=5).fit(matrix)
    asked = random.standard_t(2, (500, len(RESIDUALS)))
    found = Forest(ForestSample(RESIDUALS, matrix, 5)).strangeness(asked)
    np.testing.assert_array_equal(found, -twin.score_samples(asked))


def test_too_little_traffic_is_not_judged(learned: Learned, windows: Windows) -> None:
    """At a few requests a minute a ratio says nothing: NaN, not 0."""
    few = scaled_traffic(windows.rows(0, 120), 0, 120, 0.01)
    seen: Scene = scene(few, learned.baselines)
    tail = next(each for each in detectors() if each.name == "ratio_tail")
    one_minute = tail.score(seen)[0].statistic
    assert np.isnan(one_minute[few.column("gets") < 20]).all()
