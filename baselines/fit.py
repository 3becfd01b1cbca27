"""Learning what is ordinary from a span of windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from baselines.baseline import Baseline, Profile
from baselines.calendar import Calendar
from baselines.centres import HOUR_STRENGTH, SLOT_STRENGTH, centres
from baselines.dispersion import dispersions
from baselines.errors import TooFewWindows
from baselines.links import LEVEL_FLOOR, from_link
from baselines.metrics import BY_NAME, Metric
from baselines.past import SeriesPast
from baselines.persistence import persistence
from baselines.ranks import deviation, deviations, medians
from baselines.recurrence import recurrence
from baselines.seen import seen
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey, Windows
from baselines.slots import HOURS, SLOTS
from baselines.terms import Terms
from baselines.week import EVERY_MINUTE, interpolated

__all__ = ["MIN_WINDOWS", "SLOT_STRENGTH", "fit", "fit_past"]
MIN_WINDOWS = 168
"""Windows below which nothing is learned of a series."""
STRANGE_SPREADS = 6.0
"""Windows further than this from their slot's first centre are not learned."""
HOUR_OF_SLOT = np.arange(SLOTS) % HOURS


def fit(
    windows: Windows,
    key: SeriesKey,
    *,
    time_zone: str = "UTC",
    exclude: BoolArray | None = None,
    version: int = 1,
) -> Baseline:
    """The ordinary week of one series.

    windows: the history; NaN windows are skipped. exclude: shape (m, n), true where a window lies
    in a confirmed problem and must not be learned.
    Slots of the week are shrunk to their hour of day (SLOT_STRENGTH), hours to all (HOUR_STRENGTH).
    Raises TooFewWindows when fewer than MIN_WINDOWS windows remain, ValueError when the series
    is not in the block.
    """
    past = SeriesPast(windows, key, time_zone)
    left_out = None if exclude is None else exclude[:, windows.keys.index(key)]
    found = fit_past(past, left_out, version=version)
    return replace(found, profiles=dict(found.profiles))


def fit_past(past: SeriesPast, exclude: BoolArray | None = None, *, version: int = 1) -> Baseline:
    """The same from a series' past, which all that is fitted on it shares; profiles when asked for.

    exclude: shape (m,).
    """
    usable = past.present if exclude is None else past.present & ~exclude
    learned = np.flatnonzero(usable)
    if learned.size < MIN_WINDOWS:
        raise TooFewWindows(f"{past.key}", needed=MIN_WINDOWS, found=learned.size)
    start, end = past.start + int(learned[0]), past.start + int(learned[-1]) + 1
    profiles = Profiles(past, learned)
    return Baseline(past.key, version, past.time_zone, start, end, learned.size, profiles)


class Profiles(Mapping[str, Profile]):
    """Profiles by the metric's name, each fitted when first asked for.

    Folds are asked for the metrics of detectors only. What was never measured is absent.
    """

    def __init__(self, past: SeriesPast, learned: IntArray) -> None:
        """learned: rows of the past that are learned from."""
        self._past, self._learned = past, learned
        self._on: Calendar | None = None
        self._found: dict[str, Profile | None] = {}

    def __getitem__(self, name: str) -> Profile:
        if name not in self._found:
            self._found[name] = self._fitted(BY_NAME[name])
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in BY_NAME if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _fitted(self, metric: Metric) -> Profile | None:
        if self._on is None:
            self._on = self._past.calendar.take(self._learned)
        terms = self._past.terms(metric).take(self._learned)
        return fit_profile(metric, terms, self._on, self._learned)


def fit_profile(metric: Metric, terms: Terms, on: Calendar, rows: IntArray) -> Profile | None:
    """One metric's week.

    terms: of the windows that may be learned, whose places in the week are `on`; NaN is not
    learned. rows: where each stands in time, ascending. All of shape (k,).
    None when fewer than MIN_WINDOWS values exist.
    """
    known = np.isfinite(terms.value)
    if int(known.sum()) < MIN_WINDOWS:
        return None
    terms, on, rows = _only(known, terms, on, rows)
    terms, on, rows = _only(_ordinary(metric, terms, on), terms, on, rows)
    overall, hours, slots = centres(metric, terms, on)
    centre = from_link(metric, slots)
    smooth = interpolated(metric, centre, EVERY_MINUTE)
    shift, widening = recurrence(metric, terms, smooth, on)
    around = smooth + shift[EVERY_MINUTE.step]
    spread_hour, overall_dispersion = dispersions(metric, terms, around, on)
    weight, bound = persistence(metric, terms, hours, spread_hour, on, rows)
    overall_spread = deviation(terms.value)
    return Profile(
        centre=centre,
        spread=_spreads(terms.value - centre[on.slot], on, overall_spread)[HOUR_OF_SLOT],
        dispersion=spread_hour[HOUR_OF_SLOT],
        successes=_sums(terms.above, on),
        trials=_sums(terms.below, on),
        windows=np.bincount(on.slot, minlength=SLOTS).astype(np.float64),
        overall_centre=overall,
        overall_spread=overall_spread,
        overall_dispersion=overall_dispersion,
        level_weight=weight,
        level_bound=bound,
        daily_shift=shift,
        daily_widening=widening,
        seen=seen(terms.value),
    )


def _only(
    kept: BoolArray, terms: Terms, on: Calendar, rows: IntArray
) -> tuple[Terms, Calendar, IntArray]:
    if kept.all():
        return terms, on, rows
    at = np.flatnonzero(kept)
    return terms.take(at), on.take(at), rows[at]


def _ordinary(metric: Metric, terms: Terms, on: Calendar) -> BoolArray:
    """Levels only: rows within STRANGE_SPREADS of their hour's median, on the logarithm."""
    if metric.kind != "level":
        return np.ones(terms.value.shape, dtype=np.bool_)
    linked = np.maximum(terms.linked, np.log(LEVEL_FLOOR))
    away = linked - medians(on.by_hour(linked))[on.hour]
    return np.asarray(np.abs(away) <= STRANGE_SPREADS * max(deviation(away), 0.05))


def _spreads(residual: FloatArray, on: Calendar, overall: float) -> FloatArray:
    """Spread of residuals by hour of day, metric's unit, floored at a tenth of the overall one."""
    own, whole = deviations(on.by_hour(residual)), deviation(residual)
    size = np.bincount(on.hour, minlength=HOURS)
    shrunk = (size * own + HOUR_STRENGTH * whole) / (size + HOUR_STRENGTH)
    return np.maximum(np.where(size > 0, shrunk, whole), 0.1 * overall)


def _sums(values: FloatArray, on: Calendar) -> FloatArray:
    """Sums by slot, shape (168,)."""
    return np.bincount(on.slot, weights=values, minlength=SLOTS).astype(np.float64)
