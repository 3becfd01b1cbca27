"""A hit rate that goes down slowly, or by little and for good: hours and days against the week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.detectors.lasting import RECENT, still
from auditor.detectors.sums import WEEK, Sums
from auditor.statistics.scene import Scene
from auditor.statistics.shifts import unmoved, upward_shift
from auditor.statistics.whole_hours import HOUR, REACH, Hours
from baselines.baseline import Baseline
from baselines.links import from_link
from baselines.metrics import BY_NAME
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey, siblings
from baselines.slots import minutes_of_week
from baselines.week import Place, interpolated

METRIC = BY_NAME["hit_rate"]
PRIOR = 5.0
"""Misses added to both sides, so that a few of them make no ratio."""
LEAST_TRIALS = 20.0
"""With fewer gets than this in the last hour it is not known whether a shift goes on."""
LATELY = 30
"""Minutes that must still depart as well, beside the last RECENT: few are of little weight here."""
MOST_MOVED = float(np.log(1.2))
"""How far, on the logarithm, a series' share of the cache's gets may move."""
LEAST_SCALE = 0.5
"""In spreads: one more than the past's worst is not ten times as rare."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The shift of log(misses / expected misses), hour by hour, within the last day.

    It looks at the whole UTC hours before the minute's own, and speaks while the last half hour and
    the last minutes still depart half as much: what is over is no news. A holiday shifts a hit rate
    as well, so by itself it opens nothing: it backs the hit rate. So does a rollout that moves
    users: it is silent for two days after one.
    """

    name: str = "drift"
    metrics: tuple[str, ...] = (METRIC.name,)
    opens: bool = False
    backs: str = METRIC.name
    voice: str = OWN
    least_scale: float = LEAST_SCALE

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return (drifted(self.name, scene, departures(scene)),)


@dataclass(frozen=True, slots=True)
class Departures:
    """log(misses / expected misses) against the week, up = worse, NaN = unknown.

    hours: of the whole hours from REACH before the first row's own to the one before the last
    row's, shape (h, n). recent, lately: of the last RECENT and LATELY minutes up to each row, shape
    (m, n). steady: for each row's own hour, whether the series still had its share of the cache's
    traffic, shape (h - REACH + 1, n).
    """

    hours: FloatArray
    recent: FloatArray
    lately: FloatArray
    steady: BoolArray


def departures(scene: Scene) -> Departures:
    """Of every series of a scene; hours that it does not know, or all without any, are NaN."""
    windows, sums = scene.windows, Sums.of(scene, METRIC, WEEK, 0.0)
    since, until = windows.start // HOUR - REACH, (windows.end - 1) // HOUR
    hours = scene.hours or Hours(since, (), np.empty((0, 0)), np.empty((0, 0)))
    known = hours.between(since, until, windows.keys)
    recent, lately = _of_minutes(sums, RECENT), _of_minutes(sums, LATELY)
    return Departures(_of_hours(known, scene.baselines), recent, lately, _steady(known))


def _of_hours(hours: Hours, baselines: Mapping[SeriesKey, Baseline]) -> FloatArray:
    middles = np.arange(hours.start, hours.end, dtype=np.int64) * HOUR + HOUR // 2
    out = np.full(hours.hits.shape, np.nan)
    for column, key in enumerate(hours.keys):
        baseline = baselines.get(key)
        if baseline is not None and METRIC.name in baseline.profiles:
            trials = hours.hits[:, column] + hours.misses[:, column]
            usual = trials * (1 - _usual(baseline, middles))
            out[:, column] = np.log((hours.misses[:, column] + PRIOR) / (usual + PRIOR))
    return out


def _usual(baseline: Baseline, minutes: IntArray) -> FloatArray:
    """The week's hit rate at these epoch minutes as a share, shape (m,)."""
    place = Place.of(minutes_of_week(minutes, baseline.time_zone))
    linked = interpolated(METRIC, baseline.profiles[METRIC.name].centre, place)
    return np.asarray(from_link(METRIC, linked) / METRIC.scale)


def _steady(hours: Hours) -> BoolArray:
    """Where no users have moved between implementations: with others it has another hit rate."""
    own = hours.hits + hours.misses
    every = np.nan_to_num(own, nan=0.0)
    for column, group in enumerate(siblings(hours.keys)):
        for other in group:
            every[:, column] += np.nan_to_num(own[:, other], nan=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(own > 0, np.log(own / every), np.nan)
    return unmoved(shares, MOST_MOVED)


def _of_minutes(sums: Sums, minutes: int) -> FloatArray:
    """Of the last minutes; NaN where the row itself is not known."""
    found, expected, trials = sums.over(minutes)
    away = np.log((trials - found + PRIOR) / (trials - expected + PRIOR))
    return np.where(sums.known, away, np.nan)


def drifted(name: str, scene: Scene, away: Departures) -> Evidence:
    """The shift of the hours before each row's own, where it still goes on.

    value, expected, count: of the last HOUR minutes, as the shift is now.
    """
    found, expected, trials = Sums.of(scene, METRIC, WEEK, 0.0).over(HOUR)
    shift = upward_shift(away.hours)
    # REACH hours end before the first row's own: theirs is the shift's first row
    at = scene.windows.minutes() // HOUR - scene.windows.start // HOUR
    statistic, mean = shift.statistic[at], shift.mean[at]
    judged = np.isfinite(statistic) & np.isfinite(away.lately) & (trials >= LEAST_TRIALS)
    goes_on = away.steady[at] & still(away.recent, mean) & still(away.lately, mean)
    count, unknown = np.where(judged, trials, np.nan), np.full(judged.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Evidence(
            Channel(name, METRIC.name, HOUR),
            np.where(judged, np.where(goes_on, statistic, 0.0), np.nan),
            METRIC.scale * found / count,
            METRIC.scale * expected / count,
            unknown,
            unknown,
            count,
        )


DETECTOR = Drift()
