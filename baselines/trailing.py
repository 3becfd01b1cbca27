"""The level of the last hour against the week's profile: causal, bounded in its look-back."""

from __future__ import annotations

import numpy as np

from baselines.metrics import Metric
from baselines.series import BoolArray, FloatArray

SPAN = 60
"""Minutes that the level is taken over."""
GAP = 10
"""The newest minutes are left out, so that a problem does not hide itself as it begins."""
LOOKBACK = SPAN + GAP
"""Rows of context a minute needs before it; the level at row t rests on t-LOOKBACK..t-GAP-1."""
PRIOR_EVENTS = 5.0
"""Events of the ordinary kind that the last hour is weighed against: a quiet hour says little."""
PRIOR_WINDOWS = 5.0
CLIP_SPREADS = 4.0


def level(
    metric: Metric,
    above: FloatArray,
    below: FloatArray,
    centre: FloatArray,
    dispersion: FloatArray,
    bound: FloatArray | None = None,
) -> FloatArray:
    """How far the last hour lay from the profile, on the link scale; 0 where nothing is known.

    bound: shape (n,), link scale: minutes that lie further off than this and chance together are
    no new level but a problem, and are left out (ratios and levels; traffic is followed freely).
    None leaves nothing out.

    above, below: numerator and denominator, shape (m, n), NaN = missing.
    centre, dispersion: of the profile at each minute, shape (m, n), unit as in Profile.
    Every row adds the same numbers in the same order, so its bits do not depend on the block.
    """
    if metric.kind == "ratio":
        known = np.isfinite(above) & np.isfinite(below) & np.isfinite(centre)
        if bound is not None:
            known &= _within(metric, above, below, centre, dispersion, bound)
        trials = _sum(np.where(known, below, 0.0))
        good = _sum(np.where(known, above, 0.0))
        expected = _sum(np.where(known, below * centre / metric.scale, 0.0))
        return np.asarray(_log_odds(good, trials) - _log_odds(expected, trials))
    if metric.kind == "count":
        known = np.isfinite(above) & np.isfinite(centre)
        found = _sum(np.where(known, above, 0.0))
        expected = _sum(np.where(known, centre, 0.0))
        return np.asarray(np.log((found + PRIOR_EVENTS) / (expected + PRIOR_EVENTS)))
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.log(above / below) - np.log(centre)
    known = np.isfinite(away) & (below >= metric.least)
    if bound is not None:
        known &= np.nan_to_num(np.abs(away), nan=np.inf) <= bound + CLIP_SPREADS * dispersion
    strays = np.where(known, away, 0.0)
    bounded = np.clip(strays, -CLIP_SPREADS * dispersion, CLIP_SPREADS * dispersion)
    return np.asarray(_sum(np.where(known, bounded, 0.0)) / (_sum(known * 1.0) + PRIOR_WINDOWS))


def bounded(levels: FloatArray, weight: FloatArray | float, bound: FloatArray) -> FloatArray:
    """What of a level is believed to go on: its share, within what ordinary days have shown."""
    return np.maximum(np.minimum(weight * levels, bound), -bound)


def _within(
    metric: Metric,
    good: FloatArray,
    trials: FloatArray,
    centre: FloatArray,
    rho: FloatArray,
    bound: FloatArray,
) -> BoolArray:
    """Where one minute's log-odds lie within the bound and CLIP_SPREADS of chance, (m, n)."""
    share = np.clip(centre / metric.scale, 1e-6, 1 - 1e-6)
    found = (good + 0.5) / (trials + 1.0)
    away = np.abs(np.log(found / (1 - found)) - np.log(share / (1 - share)))
    count = np.maximum(trials, 1.0)
    chance = np.sqrt((1 + (count - 1) * rho) / (count * share * (1 - share)))
    return np.asarray(np.nan_to_num(away, nan=np.inf) <= bound + CLIP_SPREADS * chance)


def _log_odds(good: FloatArray, trials: FloatArray) -> FloatArray:
    return np.asarray(np.log((good + PRIOR_EVENTS) / (trials - good + PRIOR_EVENTS)))


def _sum(values: FloatArray) -> FloatArray:
    """Sum over rows t-LOOKBACK..t-GAP-1 for each row t, shape kept; rows before the block are 0.

    Sums of 1, 2, 4, ... rows are made of each other, and the span of the largest that fit.
    """
    m, total = values.shape[0], np.zeros_like(values)
    doubled, width, back = values, 1, GAP + 1
    while back < m and back <= LOOKBACK:
        if SPAN & width:
            total[back:] += doubled[: m - back]
            back += width
        if width < m:
            wider = doubled.copy()
            wider[width:] += doubled[: m - width]
            doubled = wider
        width *= 2
    return total
