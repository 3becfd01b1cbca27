"""Learning what is ordinary from a span of windows."""

from __future__ import annotations

import numpy as np

from baselines.baseline import Baseline, Profile
from baselines.dispersion import dispersions
from baselines.errors import TooFewWindows
from baselines.links import from_link, to_link
from baselines.metrics import METRICS, Metric, denominator, numerator, quotient
from baselines.recurrence import recurrence
from baselines.robust import MAD_TO_SIGMA
from baselines.seen import seen
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey, Windows
from baselines.slots import HOURS, SLOTS, hour_of_day, minutes_of_week
from baselines.trailing import level
from baselines.week import Place, interpolated

MIN_WINDOWS = 168
"""Windows below which nothing is learned of a series."""
SLOT_STRENGTH = 120.0
"""Windows a slot of the week needs to count as much as its hour of day: two weeks of it."""
HOUR_STRENGTH = 240.0
"""Windows an hour of day needs to count as much as all hours together: four days of it."""
LEVEL_BOUND_SPREADS = 3.0
LEVEL_BOUND_LEAST = 0.05
STRANGE_SPREADS = 6.0
"""Windows further than this from their slot's first centre are not learned."""


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
    column = windows.keys.index(key)
    one = windows.only([key])
    usable = one.present()[:, 0]
    if exclude is not None:
        usable = usable & ~exclude[:, column]
    found = int(usable.sum())
    if found < MIN_WINDOWS:
        raise TooFewWindows(f"{key}", needed=MIN_WINDOWS, found=found)
    minutes = minutes_of_week(one.minutes(), time_zone)
    day = np.cumsum(np.diff(minutes // 1440, prepend=minutes[0] // 1440) != 0)
    profiles = {}
    for metric in METRICS:
        above = np.where(usable, numerator(metric, one)[:, 0], np.nan)
        below = np.where(usable, denominator(metric, one)[:, 0], np.nan)
        profile = fit_profile(metric, above, below, minutes, day)
        if profile is not None:
            profiles[metric.name] = profile
    learned = np.flatnonzero(usable)
    start, end = one.start + int(learned[0]), one.start + int(learned[-1]) + 1
    return Baseline(key, version, time_zone, start, end, found, profiles)


def fit_profile(
    metric: Metric, above: FloatArray, below: FloatArray, minutes: IntArray, day: IntArray
) -> Profile | None:
    """One metric's week from its numerator and denominator, shape (m,); NaN is not learned.

    minutes: shape (m,), local minute of the week of each row; day: local day, counted. None when
    fewer than MIN_WINDOWS values exist.
    """
    value = quotient(metric, above, below)
    known = np.isfinite(value)
    if int(known.sum()) < MIN_WINDOWS:
        return None
    slot = minutes // 60
    hour = hour_of_day(slot)
    known = known & _ordinary(metric, value, hour)
    above, below, value = (np.where(known, each, np.nan) for each in (above, below, value))
    by_hour = _hourly(metric, above, below, hour)
    by_slot = _shrunk(
        metric, above, below, slot, SLOTS, by_hour[np.arange(SLOTS) % HOURS], SLOT_STRENGTH
    )
    centre = from_link(metric, by_slot)
    place = Place.of(minutes)
    smooth = interpolated(metric, centre, place)
    shift, widening = recurrence(metric, above, below, from_link(metric, smooth), day, place.step)
    around = from_link(metric, smooth + shift[place.step])
    spread_hour, overall_dispersion = dispersions(metric, above, below, around, hour)
    weight, bound = _persistence(
        metric, above, below, from_link(metric, by_hour)[hour], spread_hour[hour]
    )
    overall_spread = _mad(value)
    return Profile(
        centre=centre,
        spread=_spreads(value - centre[slot], hour, overall_spread)[np.arange(SLOTS) % HOURS],
        dispersion=spread_hour[np.arange(SLOTS) % HOURS],
        successes=_sums(above, slot),
        trials=_sums(below, slot),
        windows=_sums(np.where(known, 1.0, np.nan), slot),
        overall_centre=_pooled(metric, above, below),
        overall_spread=overall_spread,
        overall_dispersion=overall_dispersion,
        level_weight=weight,
        level_bound=bound,
        daily_shift=shift,
        daily_widening=widening,
        seen=seen(value),
    )


def _ordinary(metric: Metric, value: FloatArray, hour: IntArray) -> BoolArray:
    """Levels only: rows within STRANGE_SPREADS of their hour's median, on the logarithm."""
    if metric.kind != "level":
        return np.ones(value.shape, dtype=np.bool_)
    linked = to_link(metric, value)
    away = np.full(value.shape, np.nan)
    for each in range(HOURS):
        here = (hour == each) & np.isfinite(linked)
        if here.any():
            away[here] = linked[here] - np.median(linked[here])
    scale = max(_mad(away), 0.05)
    return np.asarray(np.nan_to_num(np.abs(away), nan=np.inf) <= STRANGE_SPREADS * scale)


def _hourly(metric: Metric, above: FloatArray, below: FloatArray, hour: IntArray) -> FloatArray:
    """Centres of the 24 hours on the link scale, shrunk to all hours, shape (24,)."""
    overall = to_link(metric, np.array(_pooled(metric, above, below)))
    return _shrunk(metric, above, below, hour, HOURS, np.full(HOURS, overall), HOUR_STRENGTH)


def _shrunk(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    group: IntArray,
    groups: int,
    towards: FloatArray,
    strength: float,
) -> FloatArray:
    """Group centres on the link scale, pulled to `towards` as if that were `strength` windows."""
    out = towards.copy()
    present = np.isfinite(above) & np.isfinite(below)
    order = np.argsort(group, kind="stable")
    edges = np.searchsorted(group[order], np.arange(groups + 1))
    for each in range(groups):
        rows = order[edges[each] : edges[each + 1]]
        rows = rows[present[rows]]
        if rows.size:
            own = to_link(metric, np.array(_pooled(metric, above[rows], below[rows])))
            out[each] = (rows.size * own + strength * towards[each]) / (rows.size + strength)
    return out


def _pooled(metric: Metric, above: FloatArray, below: FloatArray) -> float:
    """One centre for a set of windows, metric's unit.

    Ratios add their counts (never an average of ratios); counts take the mean after their outer
    2 % are clipped; levels the median.
    """
    known = np.isfinite(above) & np.isfinite(below)
    above, below = above[known], below[known]
    if metric.kind == "ratio":
        return float(metric.scale * (above.sum() + 0.5e-3) / (below.sum() + 1e-3))
    if metric.kind == "count":
        low, high = np.quantile(above, (0.02, 0.98))
        return float(np.clip(above, low, high).mean())
    return float(np.median(quotient(metric, above, below)))


def _persistence(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    centre: FloatArray,
    dispersion: FloatArray,
) -> tuple[float, float]:
    """How much of the last hour's departure goes on, and how large such departures ordinarily are.

    Departures are taken from the hour of day, not from the slot that the same windows shaped.
    """
    column = [each[:, None] for each in (above, below, centre, dispersion)]
    levels = level(metric, *column)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        now = to_link(metric, quotient(metric, above, below)) - to_link(metric, centre)
    known = np.isfinite(now) & (levels != 0)
    scale = _mad(levels[known])
    if scale == 0.0:
        return 0.0, LEVEL_BOUND_LEAST
    reach = np.clip(levels[known], -3 * scale, 3 * scale)
    next_ = np.clip(now[known], -3 * _mad(now), 3 * _mad(now))
    weight = float(np.clip((reach * next_).sum() / (reach * reach).sum(), 0.0, 1.0))
    return weight, max(LEVEL_BOUND_SPREADS * scale, LEVEL_BOUND_LEAST)


def _spreads(residual: FloatArray, hour: IntArray, overall: float) -> FloatArray:
    """Spread of residuals by hour of day, metric's unit, floored at a tenth of the overall one."""
    out = np.full(HOURS, _mad(residual))
    for each in range(HOURS):
        own = residual[(hour == each) & np.isfinite(residual)]
        if own.size:
            out[each] = (own.size * _mad(own) + HOUR_STRENGTH * out[each]) / (
                own.size + HOUR_STRENGTH
            )
    return np.asarray(np.maximum(out, 0.1 * overall))


def _mad(values: FloatArray) -> float:
    found = values[np.isfinite(values)]
    if found.size == 0:
        return 0.0
    return float(np.median(np.abs(found - np.median(found)))) * MAD_TO_SIGMA


def _sums(values: FloatArray, slot: IntArray) -> FloatArray:
    """Sum of the present values by slot, shape (168,)."""
    totals = np.bincount(slot, weights=np.nan_to_num(values), minlength=SLOTS)
    return totals.astype(np.float64)
