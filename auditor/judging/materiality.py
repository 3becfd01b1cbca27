"""The floor below which a sure departure is still nobody's business."""

from __future__ import annotations

import numpy as np

from auditor.detectors.lasting import RECENT, still
from auditor.judging.cost import Cost, a_miss
from auditor.statistics.pooling import lasting, pooled
from auditor.statistics.scene import GATE, Scene
from baselines.series import BoolArray, FloatArray, siblings

MINUTES = 3
LEAST_COST = 0.05
"""Share of an ordinary minute's waiting that a departure must cost."""
LEAST_FACTOR = 1.4
"""How many times the ordinary a miss ratio or a time must be."""
LONG_MINUTES = 15
LONG_FACTOR = 1.12
"""And how many times when it has lasted LONG_MINUTES: what is small and stays adds up."""
LONG_TIME_FACTOR = 1.25
"""The same for a time."""
WEEK_MINUTES = 60
"""And LONG_FACTOR times the week's over an hour: a slow problem has moved the last hour's level."""
LEAST_ERRORS = 3.0
LEAST_ERROR_SHARE = 0.01
DROP_ONE_MINUTE = 0.2
DROP_LASTING = 0.5
"""Traffic left of the expected: one minute needs a far larger drop than three."""
PART_LEFT = 0.8
"""And of what the siblings' traffic makes one expect: when a part is missing in one place only."""
SURGE = 3.0
SHIFTED = 0.5
"""When the whole cache lost less than this share of what one implementation did, users moved."""

FAMILIES = ("hit_rate", "error_rate", "traffic", "hit_latency_ms", "miss_latency_ms")
"""Metrics that may lead an observation."""


def material(scene: Scene, costs: Cost) -> dict[str, BoolArray]:
    """For each family, where its departure is worth a person's time; arrays of shape (m, n)."""
    return {
        "hit_rate": _misses(scene, costs, MINUTES, LEAST_FACTOR)
        | _misses(scene, costs, LONG_MINUTES, LONG_FACTOR)
        | _misses_of_week(scene, costs),
        "error_rate": _errors(scene, costs),
        "traffic": _drop(scene) | _part_lost(scene) | _surge(scene),
        "hit_latency_ms": _latency(scene, "hit", costs.hits, costs.ordinary),
        "miss_latency_ms": _latency(scene, "miss", costs.loads, costs.ordinary),
    }


def _share(part: FloatArray, ordinary: FloatArray, minutes: int) -> BoolArray:
    """Where a part of the cost is at least LEAST_COST of the ordinary in the pooled minutes."""
    least = np.maximum(LEAST_COST * pooled(ordinary, minutes), 1e-12)
    return np.asarray(pooled(part, minutes) >= least)


def _misses(scene: Scene, costs: Cost, minutes: int, factor: float) -> BoolArray:
    """Where extra misses cost enough and are this many times the ordinary."""
    dear, found = _share(costs.misses, costs.ordinary, minutes), _miss_factor(scene, minutes)
    going = still(_miss_factor(scene, RECENT) - 1, found - 1)
    return np.asarray(dear & (found >= factor) & (going | (minutes <= RECENT)))


def _miss_factor(scene: Scene, minutes: int) -> FloatArray:
    """Misses over expected misses in the pooled minutes."""
    windows = scene.windows
    trials = windows.column("hits") + windows.column("misses")
    share = 1 - scene.expectations["hit_rate"].centre / 100.0
    expected = pooled(trials * share, minutes)
    return np.asarray(pooled(windows.column("misses"), minutes) / np.maximum(expected, 1e-9))


def _misses_of_week(scene: Scene, costs: Cost) -> BoolArray:
    """Where the misses beyond the week's alone cost enough and are LONG_FACTOR times as many."""
    misses = scene.windows.column("misses")
    trials = scene.windows.column("hits") + misses
    usual = trials * (1 - scene.expectations["hit_rate"].seasonal / 100.0)

    def factor(minutes: int) -> FloatArray:
        return np.asarray(pooled(misses, minutes) / np.maximum(pooled(usual, minutes), 1e-9))

    dear = _share((misses - usual) * a_miss(scene), costs.ordinary, WEEK_MINUTES)
    found = factor(WEEK_MINUTES)
    return np.asarray(dear & (found >= LONG_FACTOR) & still(factor(RECENT) - 1, found - 1))


def _errors(scene: Scene, costs: Cost) -> BoolArray:
    extra = pooled(costs.extra_errors, MINUTES)
    total = pooled(scene.windows.column("total_operations"), MINUTES)
    return np.asarray((extra >= LEAST_ERRORS) & (extra >= LEAST_ERROR_SHARE * total))


def _latency(scene: Scene, which: str, part: FloatArray, ordinary: FloatArray) -> BoolArray:
    """Costly, and slow in each of GATE minutes, since latency alone may be jitter; or less slow
    but for long."""
    windows, expected = scene.windows, scene.expectations[f"{which}_latency_ms"].centre
    count = windows.column("hits" if which == "hit" else "misses")
    took, usual = windows.column(f"{which}_latency_sum_ms"), count * expected
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.nan_to_num(took / usual)
        longer = pooled(took, LONG_MINUTES) / pooled(usual, LONG_MINUTES)
    slow = _share(part, ordinary, MINUTES) & lasting(factor >= LEAST_FACTOR, GATE)
    still_slow = lasting(factor >= LONG_TIME_FACTOR, GATE) & (longer >= LONG_TIME_FACTOR)
    return slow | (_share(part, ordinary, LONG_MINUTES) & still_slow)


def _drop(scene: Scene) -> BoolArray:
    """Far fewer gets than the week and the last hour both promise, and nobody else got them."""
    gets, usual = _gets(scene), _lesser_usual(scene)
    one = (gets < DROP_ONE_MINUTE * usual) & (usual > 0)
    few = lasting(gets < DROP_LASTING * usual, MINUTES)
    return (one | few) & _kept(scene, -1.0)


def _part_lost(scene: Scene) -> BoolArray:
    """Fewer gets than the siblings on the same traffic make one expect, and they did not get them.

    Nowhere for an implementation without siblings.
    """
    gets, usual = pooled(_gets(scene), MINUTES), pooled(_lesser_usual(scene), MINUTES)
    out = np.zeros(gets.shape, dtype=np.bool_)
    for column, group in enumerate(siblings(scene.windows.keys)):
        if group:
            theirs = sum((gets[:, other] for other in group), np.zeros(gets.shape[0]))
            promised = sum((usual[:, other] for other in group), np.zeros(gets.shape[0]))
            share = np.minimum(theirs / np.maximum(promised, 1e-9), 1.0)
            out[:, column] = gets[:, column] < PART_LEFT * usual[:, column] * share
    return lasting(out, MINUTES) & _kept(scene, -1.0)


def _surge(scene: Scene) -> BoolArray:
    """Far more gets than the week and the last hour both promise, and nobody else lost them."""
    expected = scene.expectations["traffic"]
    usual = np.nan_to_num(np.maximum(expected.centre, expected.seasonal), nan=np.inf)
    return lasting(_gets(scene) > SURGE * usual, GATE) & _kept(scene, 1.0)


def _lesser_usual(scene: Scene) -> FloatArray:
    """Gets a minute that either the week or the last hour promises, whichever is less, (m, n).

    A return from a surge to the usual is no drop. 0 where nothing is known.
    """
    expected = scene.expectations["traffic"]
    return np.asarray(np.nan_to_num(np.minimum(expected.centre, expected.seasonal), nan=0.0))


def _kept(scene: Scene, sign: float) -> BoolArray:
    """Where the siblings did not make up for most of what moved against the week, shape (m, n).

    sign: -1 for gets that were lost, 1 for gets that came on top.
    """
    week = scene.expectations["traffic"].seasonal
    moved = pooled(np.where(np.isfinite(week), sign * (_gets(scene) - week), 0.0), MINUTES)
    others = np.zeros_like(moved)
    for column, group in enumerate(siblings(scene.windows.keys)):
        for other in group:
            others[:, column] += moved[:, other]
    return np.asarray(moved + np.minimum(others, 0.0) >= SHIFTED * moved)


def _gets(scene: Scene) -> FloatArray:
    return np.nan_to_num(scene.windows.column("gets"), nan=0.0)
