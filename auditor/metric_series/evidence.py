"""What speaks against each row of one series: few equal members, in bits, pooled over some rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter

from auditor.metric_series import views
from auditor.metric_series.season import Season, best
from auditor.statistics.rarity import log_rarity_bits, rarity_bits
from baselines.series import BoolArray, FloatArray, IntArray

MEMBERS: Final = (
    "place", "departure", "jump", "short_spread", "long_spread", "roughness", "season", "shift",
)  # fmt: skip
POWER: Final = 3.0
"""Members are joined by this power mean: between the mean, which drowns one loud voice among quiet
ones, and the maximum, which hears nothing else."""
POOL: Final = 0.3
"""Weight of the newest row in the pooled evidence: it rests on about the last six rows."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Bits against each row, shape (m,) each; NaN = the member says nothing there.

    members: by name, in the order of MEMBERS. joined: all of them. pooled: over the last rows.
    """

    members: Mapping[str, FloatArray]
    joined: FloatArray
    pooled: FloatArray


def evidence(
    values: FloatArray, level: views.Levels, after_gap: BoolArray, found: Sequence[Season]
) -> Evidence:
    """Evidence of one series without missing values.

    values: shape (m,), finite. after_gap: shape (m,), rows that follow a gap. found: its seasons.
    """
    jump = views.jump(values, after_gap)
    steps = np.where(np.isfinite(jump), jump, 0.0)
    rough = views.spread(steps, views.trailing_median(steps, views.SHORT), views.SHORT)
    short, long = (views.spread(values, level.short, rows) for rows in views.SPREADS)
    chosen = best(found, np.full(values.size, np.inf))
    members = {
        "place": _place(values),
        "departure": rarity_bits(values - level.short),
        "jump": rarity_bits(jump),
        "short_spread": log_rarity_bits(short),
        "long_spread": log_rarity_bits(long),
        "roughness": log_rarity_bits(rough),
        "season": _season(values, found, chosen),
        "shift": rarity_bits(views.page(values - _reference(level.long, found, chosen))),
    }
    joined = power_mean(np.stack([members[name] for name in MEMBERS]))
    return Evidence(members, joined, pooled(joined))


def power_mean(bits: FloatArray) -> FloatArray:
    """Power mean over the first axis of what is known; bits: shape (k, m), NaN = says nothing."""
    known = np.isfinite(bits)
    total = np.zeros(bits.shape[1])
    for row, there in zip(bits, known, strict=True):
        kept = np.where(there, np.maximum(row, 0.0), 0.0)
        total = total + kept * kept * kept
    return np.asarray(np.cbrt(total / np.maximum(known.sum(axis=0), 1)))


def pooled(bits: FloatArray) -> FloatArray:
    """Exponentially weighted mean of this row and those before it, shape (m,)."""
    return np.asarray(lfilter([POOL], [1.0, POOL - 1.0], bits))


def _place(values: FloatArray) -> FloatArray:
    """Where the value is: on its own scale, and on the logarithm while nothing was negative."""
    plain = rarity_bits(values)
    positive = np.minimum.accumulate(values) >= 0
    if not positive.any():
        return plain
    on_log = log_rarity_bits(np.maximum(values, 0.0))
    return np.where(positive, 0.5 * (plain + on_log), plain)


def _season(values: FloatArray, found: Sequence[Season], chosen: IntArray) -> FloatArray:
    """Rarity of the distance from the season in use; NaN where none is."""
    bits = np.full(values.size, np.nan)
    for place, season in enumerate(found):
        bits = np.where(chosen == place, rarity_bits(values - season.expected), bits)
    return bits


def _reference(level: FloatArray, found: Sequence[Season], chosen: IntArray) -> FloatArray:
    """The season in use, else the long trailing level; shape (m,)."""
    for place, season in enumerate(found):
        level = np.where(chosen == place, season.expected, level)
    return level
