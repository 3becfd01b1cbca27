"""What each minute should look like: the week's profile, moved by the level of the last hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from baselines.baseline import Baseline
from baselines.links import from_link, to_link
from baselines.metrics import BY_NAME, Metric, denominator, numerator
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows
from baselines.slots import minutes_of_week
from baselines.trailing import LOOKBACK, bounded, level
from baselines.week import Place, at

BAND = 3.0
"""Half-width of the shown band, in spreads of a single minute."""
TRAFFIC_FREEDOM = 1.4
"""Counts may follow the last hour by a factor of four (e^1.4): people come and go as they like."""

__all__ = ["LOOKBACK", "Expectation", "Expectations", "expect", "expect_all"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One metric's expectation; every array has shape (m, n), NaN where there is no baseline.

    seasonal: the profile alone; centre: moved by the last hour; lower, upper: the band of a single
    minute; all in the metric's unit. dispersion: as in Profile. spread: half the band over BAND.
    """

    metric: Metric
    seasonal: FloatArray
    centre: FloatArray
    spread: FloatArray
    lower: FloatArray
    upper: FloatArray
    dispersion: FloatArray

    def after(self, row: int) -> Expectation:
        """The same from a row on."""
        return Expectation(
            self.metric,
            self.seasonal[row:],
            self.centre[row:],
            self.spread[row:],
            self.lower[row:],
            self.upper[row:],
            self.dispersion[row:],
        )


def expect(
    metric: Metric,
    windows: Windows,
    baselines: Mapping[SeriesKey, Baseline],
    set_aside: BoolArray | None = None,
) -> Expectation:
    """What the metric should be in each window of the block.

    set_aside: shape (m, n), windows that the level of the last hour is not taken from.
    Row t uses rows t-LOOKBACK..t-GAP-1 of the block and nothing later; give LOOKBACK rows of
    context before the first row that counts. A series without a baseline is NaN throughout.
    """
    above, below = numerator(metric, windows), denominator(metric, windows)
    seasonal, dispersion, weight, bound = _profiles(metric, windows, baselines)
    if metric.kind == "count":
        bound = np.maximum(bound, TRAFFIC_FREEDOM)
    heard = above if set_aside is None else np.where(set_aside, np.nan, above)
    moved = bounded(level(metric, heard, below, seasonal, dispersion, bound), weight, bound)
    centre = from_link(metric, to_link(metric, seasonal) + moved)
    spread, lower, upper = bounds(metric, centre, below, dispersion)
    return Expectation(metric, seasonal, centre, spread, lower, upper, dispersion)


def bounds(
    metric: Metric, centre: FloatArray, below: FloatArray, dispersion: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(spread, lower, upper) of a single minute, of the shape of `centre`, metric's unit.

    below: the count below the line, trials of a ratio. dispersion: as in Profile.
    """
    spread = _spread(metric, centre, below, dispersion)
    if metric.kind == "level":
        lower, upper = centre * np.exp(-BAND * dispersion), centre * np.exp(BAND * dispersion)
    else:
        lower, upper = np.maximum(centre - BAND * spread, 0.0), centre + BAND * spread
    if metric.kind == "ratio":
        upper = np.minimum(upper, metric.scale)
    return spread, lower, upper


class Expectations(Mapping[str, Expectation]):
    """The expectation of every registered metric by its name, each worked out when first asked for.

    Nobody asks for all of them: some metrics only serve causes, of which there is mostly no need.
    """

    def __init__(self, expected: Callable[[str], Expectation]) -> None:
        """expected: the expectation of a registered metric."""
        self._expected = expected
        self._found: dict[str, Expectation] = {}

    def __getitem__(self, name: str) -> Expectation:
        if name not in self._found:
            if name not in BY_NAME:
                raise KeyError(name)
            self._found[name] = self._expected(name)
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in BY_NAME

    def __iter__(self) -> Iterator[str]:
        return iter(BY_NAME)

    def __len__(self) -> int:
        return len(BY_NAME)


def expect_all(
    windows: Windows,
    baselines: Mapping[SeriesKey, Baseline],
    set_aside: BoolArray | None = None,
) -> Expectations:
    """The expectation of every registered metric; set_aside as in `expect`."""
    return Expectations(lambda name: expect(BY_NAME[name], windows, baselines, set_aside))


def _spread(
    metric: Metric, centre: FloatArray, below: FloatArray, dispersion: FloatArray
) -> FloatArray:
    """Standard deviation of one minute's value, metric's unit."""
    if metric.kind == "level":
        return np.asarray(centre * dispersion)
    if metric.kind == "count":
        return np.asarray(np.sqrt(centre + dispersion * centre**2))
    share, trials = centre / metric.scale, np.maximum(below, 1.0)
    variance = share * (1 - share) * (1 + (trials - 1) * dispersion) / trials
    return np.asarray(metric.scale * np.sqrt(variance))


def _profiles(
    metric: Metric, windows: Windows, baselines: Mapping[SeriesKey, Baseline]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Seasonal centre and dispersion (m, n), level weight and bound (n,)."""
    m, n = windows.shape
    centre, dispersion = np.full((m, n), np.nan), np.full((m, n), np.nan)
    weight, bound = np.zeros(n), np.zeros(n)
    places: dict[str, Place] = {}
    for column, key in enumerate(windows.keys):
        baseline = baselines.get(key)
        profile = None if baseline is None else baseline.profiles.get(metric.name)
        if baseline is None or profile is None:
            continue
        zone = baseline.time_zone
        if zone not in places:
            places[zone] = Place.of(minutes_of_week(windows.minutes(), zone))
        centre[:, column], dispersion[:, column] = at(metric, profile, places[zone])
        weight[column], bound[column] = profile.level_weight, profile.level_bound
    return centre, dispersion, weight, bound
