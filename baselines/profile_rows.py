"""A baseline taken apart into rows that a store keeps exactly, and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from baselines.baseline import Baseline, Profile
from baselines.errors import UnreadableProfile
from baselines.metrics import BY_NAME
from baselines.seen import SHARES
from baselines.series import SeriesKey
from baselines.slots import SLOTS, STEPS

ALL = -1
"""Slot of the row that speaks of all slots together."""
LEVEL = -2
"""Slot of the row of the trailing level: its centre is the weight, its spread the bound."""
DAILY = 1000
"""Slot of the first step of the day: its centre is the shift, its spread the widening."""


SEEN = 2000
"""Slot of the first quantile of all that was learned: its centre is the value."""


class ProfileRow(NamedTuple):
    """One stored row: a metric in a slot of the week (or ALL, or LEVEL)."""

    metric: str
    slot: int
    centre: float
    spread: float
    successes: float
    trials: float
    dispersion: float
    windows: int


def from_rows(
    rows: Iterable[ProfileRow],
    *,
    key: SeriesKey,
    version: int,
    time_zone: str,
    start: int,
    end: int,
    sample_size: int,
) -> Baseline:
    """The baseline that `to_rows` took apart, equal to the bit; rows in any order.

    Raises UnreadableProfile when a metric is unknown, or has not each slot exactly once.
    """
    by_metric: dict[str, dict[int, ProfileRow]] = {}
    for row in rows:
        if row.metric not in BY_NAME:
            raise UnreadableProfile(f"no metric is named {row.metric!r}")
        if by_metric.setdefault(row.metric, {}).setdefault(row.slot, row) is not row:
            raise UnreadableProfile(f"{row.metric} has slot {row.slot} twice")
    ordered = [name for name in BY_NAME if name in by_metric]
    profiles = {name: _profile(name, by_metric[name]) for name in ordered}
    return Baseline(key, version, time_zone, start, end, sample_size, profiles)


def to_rows(baseline: Baseline) -> list[ProfileRow]:
    """The profiles as rows, metric by metric, slots ascending from LEVEL."""
    return [row for name in baseline.profiles for row in _rows(name, baseline.profiles[name])]


def _rows(name: str, profile: Profile) -> list[ProfileRow]:
    level = ProfileRow(name, LEVEL, profile.level_weight, profile.level_bound, 0.0, 0.0, 0.0, 0)
    overall = ProfileRow(
        name,
        ALL,
        profile.overall_centre,
        profile.overall_spread,
        float(profile.successes.sum()),
        float(profile.trials.sum()),
        profile.overall_dispersion,
        int(profile.windows.sum()),
    )
    week = [
        ProfileRow(
            name,
            slot,
            float(profile.centre[slot]),
            float(profile.spread[slot]),
            float(profile.successes[slot]),
            float(profile.trials[slot]),
            float(profile.dispersion[slot]),
            int(profile.windows[slot]),
        )
        for slot in range(SLOTS)
    ]
    daily = [
        ProfileRow(
            name,
            DAILY + step,
            float(profile.daily_shift[step]),
            float(profile.daily_widening[step]),
            0.0,
            0.0,
            0.0,
            0,
        )
        for step in range(STEPS)
        if profile.daily_shift[step] != 0.0 or profile.daily_widening[step] != 1.0
    ]
    been = [
        ProfileRow(name, SEEN + place, float(value), 0.0, 0.0, 0.0, 0.0, 0)
        for place, value in enumerate(profile.seen)
        if np.isfinite(value)
    ]
    return [level, overall, *week, *daily, *been]


def _profile(name: str, rows: Mapping[int, ProfileRow]) -> Profile:
    missing = [slot for slot in (LEVEL, ALL, *range(SLOTS)) if slot not in rows]
    daily = {slot - DAILY: row for slot, row in rows.items() if 0 <= slot - DAILY < STEPS}
    been = {slot - SEEN: row for slot, row in rows.items() if 0 <= slot - SEEN < SHARES.size}
    missing += [SEEN + place for place in range(SHARES.size) if been and place not in been]
    if missing or len(rows) != SLOTS + 2 + len(daily) + len(been):
        raise UnreadableProfile(f"{name} has {len(rows)} slots of {SLOTS + 2}; missing {missing}")
    week = np.array([rows[slot][2:] for slot in range(SLOTS)], dtype=np.float64).T
    centre, spread, successes, trials, dispersion, windows = (row.copy() for row in week)
    shift, widening = np.zeros(STEPS), np.ones(STEPS)
    for step, row in daily.items():
        shift[step], widening[step] = row.centre, row.spread
    quantiles = np.full(SHARES.size, np.nan)
    for place, row in been.items():
        quantiles[place] = row.centre
    return Profile(
        centre,
        spread,
        dispersion,
        successes,
        trials,
        windows,
        rows[ALL].centre,
        rows[ALL].spread,
        rows[ALL].dispersion,
        rows[LEVEL].centre,
        rows[LEVEL].spread,
        shift,
        widening,
        quantiles,
    )
