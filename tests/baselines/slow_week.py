"""The slow twin of a fit: the same week by plain loops over hours, slots, days and rows."""

from __future__ import annotations

import numpy as np

from baselines.centres import HOUR_STRENGTH, SLOT_STRENGTH
from baselines.dispersion import CLIP, COUNT_FLOOR, LEVEL_FLOOR, LONG_RUN_SHARE, RATIO_FLOOR
from baselines.dispersion import STRENGTH as DISPERSION_STRENGTH
from baselines.fit import STRANGE_SPREADS
from baselines.links import from_link, to_link
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient
from baselines.persistence import BOUND_SPREADS, LEAST_BOUND
from baselines.recurrence import (
    HOUR_STEPS,
    LEAST_DAYS,
    MOST_WIDENING,
    NEIGHBOURS,
    PRIOR_EVENTS,
    SURE,
)
from baselines.robust import MAD_TO_SIGMA
from baselines.series import BoolArray, FloatArray, IntArray, Windows
from baselines.slots import HOURS, SLOTS, STEP, STEPS, minutes_of_week
from baselines.trailing import GAP, LOOKBACK, level
from baselines.week import Place, interpolated

Rows = tuple[FloatArray, FloatArray, FloatArray]
"""Numerator, denominator, centre; each of shape (k,)."""


def slow_profile(
    name: str, windows: Windows, usable: BoolArray, zone: str
) -> dict[str, FloatArray]:
    """What a Profile holds, by its names; windows of one series, usable: shape (m,)."""
    metric, minutes = BY_NAME[name], minutes_of_week(windows.minutes(), zone)
    above = np.where(usable, numerator(metric, windows)[:, 0], np.nan)
    below = np.where(usable, denominator(metric, windows)[:, 0], np.nan)
    slot, hour = minutes // 60, minutes // 60 % HOURS
    value = quotient(metric, above, below)
    known = np.isfinite(value) & _ordinary(metric, value, hour)
    above, below, value = (np.where(known, each, np.nan) for each in (above, below, value))
    overall = _pooled(metric, above[known], below[known])
    start = np.full(HOURS, float(to_link(metric, np.array(overall))))
    hours = _shrunk(metric, above, below, hour, start, HOUR_STRENGTH)
    week = hours[np.arange(SLOTS) % HOURS]
    centre = from_link(metric, _shrunk(metric, above, below, slot, week, SLOT_STRENGTH))
    place = Place.of(minutes)
    smooth = interpolated(metric, centre, place)
    shift, widening = _recurrence(metric, (above, below, from_link(metric, smooth)), minutes, known)
    around = from_link(metric, smooth + shift[place.step])
    dispersion, overall_dispersion = _dispersions(metric, (above, below, around), hour, known)
    usual = from_link(metric, hours)[hour]
    weight, bound = _persistence(metric, (above, below, usual), dispersion[hour])
    spread = np.array([_mad((value - centre[slot])[known])] * HOURS)
    for each in range(HOURS):
        own = (value - centre[slot])[known & (hour == each)]
        if own.size:
            pulled = own.size * _mad(own) + HOUR_STRENGTH * spread[each]
            spread[each] = pulled / (own.size + HOUR_STRENGTH)
    return {
        "centre": centre,
        "spread": np.maximum(spread, 0.1 * _mad(value[known]))[np.arange(SLOTS) % HOURS],
        "dispersion": dispersion[np.arange(SLOTS) % HOURS],
        "successes": np.array([np.nansum(above[slot == each]) for each in range(SLOTS)]),
        "trials": np.array([np.nansum(below[slot == each]) for each in range(SLOTS)]),
        "windows": np.array([known[slot == each].sum() for each in range(SLOTS)]),
        "overall_centre": np.array(overall),
        "overall_spread": np.array(_mad(value[known])),
        "overall_dispersion": np.array(overall_dispersion),
        "level_weight": np.array(weight),
        "level_bound": np.array(bound),
        "daily_shift": shift,
        "daily_widening": widening,
    }


def slow_sum(values: FloatArray) -> FloatArray:
    """Sum over rows t-LOOKBACK..t-GAP-1, row by row."""
    rows = range(values.shape[0])
    return np.array([values[max(t - LOOKBACK, 0) : max(t - GAP, 0)].sum(axis=0) for t in rows])


def _mad(values: FloatArray) -> float:
    return float(np.median(np.abs(values - np.median(values)))) * MAD_TO_SIGMA


def _ordinary(metric: Metric, value: FloatArray, hour: IntArray) -> BoolArray:
    if metric.kind != "level":
        return np.ones(value.shape, dtype=np.bool_)
    away, linked = np.full(value.shape, np.nan), to_link(metric, value)
    for each in range(HOURS):
        here = (hour == each) & np.isfinite(linked)
        if here.any():
            away[here] = linked[here] - np.median(linked[here])
    scale = max(_mad(away[np.isfinite(away)]), 0.05)
    return np.asarray(np.nan_to_num(np.abs(away), nan=np.inf) <= STRANGE_SPREADS * scale)


def _pooled(metric: Metric, above: FloatArray, below: FloatArray) -> float:
    if metric.kind == "ratio":
        return float(metric.scale * (above.sum() + 0.5e-3) / (below.sum() + 1e-3))
    if metric.kind == "count":
        low, high = np.quantile(above, (0.02, 0.98))
        return float(np.clip(above, low, high).mean())
    return float(np.median(quotient(metric, above, below)))


def _shrunk(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    group: IntArray,
    towards: FloatArray,
    strength: float,
) -> FloatArray:
    out = towards.copy()
    for each in range(towards.size):
        rows = (group == each) & np.isfinite(above)
        size = int(rows.sum())
        if size:
            own = float(to_link(metric, np.array(_pooled(metric, above[rows], below[rows]))))
            out[each] = (size * own + strength * towards[each]) / (size + strength)
    return out


def _recurrence(
    metric: Metric, terms: Rows, minutes: IntArray, known: BoolArray
) -> tuple[FloatArray, FloatArray]:
    day = np.cumsum(np.diff(minutes // 1440, prepend=minutes[0] // 1440) != 0)
    step, days = minutes % 1440 // STEP, int(day[-1]) + 1
    away = np.full((days, STEPS), np.nan)
    for d in range(days):
        for s in np.unique(step[(day == d) & known]):
            rows = (day == d) & (step == s) & known
            away[d, s] = _departure(metric, *(each[rows] for each in terms))
    shift, widening = np.zeros(STEPS), np.ones(STEPS)
    seen = np.isfinite(away).sum(axis=0)
    if not (seen >= LEAST_DAYS).any():
        return shift, widening
    spread, middle = np.full(STEPS, np.nan), np.full(STEPS, np.nan)
    for s in np.flatnonzero(seen):
        middle[s] = np.median(away[np.isfinite(away[:, s]), s])
    strays = np.abs(away - middle)
    for s in range(STEPS):
        near = strays[:, [(s + k) % STEPS for k in range(-NEIGHBOURS, NEIGHBOURS + 1)]]
        if np.isfinite(near).any():
            spread[s] = MAD_TO_SIGMA * np.nanmedian(near)
    for s in range(STEPS):
        near = spread[[(s + k) % STEPS for k in range(-HOUR_STEPS, HOUR_STEPS + 1)]]
        ordinary = float(np.nanmedian(near)) if np.isfinite(near).any() else 0.0
        own = max(spread[s], ordinary) if np.isfinite(spread[s]) else ordinary
        if seen[s] >= LEAST_DAYS:
            error = SURE * 1.2533 * own / np.sqrt(seen[s])
            shift[s] = np.sign(middle[s]) * max(abs(middle[s]) - error, 0.0) + 0.0
        if ordinary > 0:
            widening[s] = np.clip(own / ordinary, 1.0, MOST_WIDENING)
    return shift, widening


def _departure(metric: Metric, above: FloatArray, below: FloatArray, centre: FloatArray) -> float:
    if metric.kind == "level":
        return float((np.log(above / below) - np.log(centre)).mean())
    if metric.kind == "count":
        return float(np.log((above.sum() + PRIOR_EVENTS) / (centre.sum() + PRIOR_EVENTS)))
    trials, expected = below.sum(), (below * centre / metric.scale).sum()
    found, usual = (
        np.log((x + PRIOR_EVENTS) / (trials - x + PRIOR_EVENTS)) for x in (above.sum(), expected)
    )
    return float(found - usual)


def _dispersions(
    metric: Metric, terms: Rows, hour: IntArray, known: BoolArray
) -> tuple[FloatArray, float]:
    overall = _dispersion(metric, *(each[known] for each in terms))
    out = np.full(HOURS, overall)
    for each in range(HOURS):
        rows = known & (hour == each)
        size = int(rows.sum())
        if size:
            own = _dispersion(metric, *(part[rows] for part in terms))
            out[each] = (size * own + DISPERSION_STRENGTH * overall) / (size + DISPERSION_STRENGTH)
    return np.maximum(out, LONG_RUN_SHARE * overall), overall


def _dispersion(metric: Metric, above: FloatArray, below: FloatArray, centre: FloatArray) -> float:
    if metric.kind == "level":
        return max(_mad(np.log(quotient(metric, above, below) / centre)), LEVEL_FLOOR)
    if metric.kind == "count":
        squares = (above - centre) ** 2
        scaled = np.median(squares / np.maximum(centre, 1e-6))
        squares = np.minimum(squares, CLIP * max(scaled / 0.4549, 1.0) * centre)
        return float(np.clip((squares - centre).sum() / (centre**2).sum(), COUNT_FLOOR, 10.0))
    some = below >= 2
    if not some.any():
        return RATIO_FLOOR
    good, n = above[some], below[some]
    p = np.clip(centre[some] / metric.scale, 1e-6, 1 - 1e-6)
    squares = (good - n * p) ** 2 / (n * p * (1 - p))
    squares = np.minimum(squares, CLIP * max(float(np.median(squares)) / 0.4549, 1.0))
    return float(np.clip((squares - 1).sum() / (n - 1).sum(), RATIO_FLOOR, 0.5))


def _persistence(metric: Metric, terms: Rows, dispersion: FloatArray) -> tuple[float, float]:
    above, below, centre = terms
    levels = level(metric, *(each[:, None] for each in (*terms, dispersion)))[:, 0]
    now = to_link(metric, quotient(metric, above, below)) - to_link(metric, centre)
    moved = np.isfinite(now) & (levels != 0)
    scale = _mad(levels[moved]) if moved.any() else 0.0
    if scale == 0.0:
        return 0.0, LEAST_BOUND
    wide = 3 * _mad(now[np.isfinite(now)])
    reach, next_ = np.clip(levels[moved], -3 * scale, 3 * scale), np.clip(now[moved], -wide, wide)
    weight = float(np.clip((reach * next_).sum() / (reach * reach).sum(), 0.0, 1.0))
    return weight, max(BOUND_SPREADS * scale, LEAST_BOUND)
