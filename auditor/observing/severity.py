"""Severity is cost: how much waiting the problem adds, measured in ordinary minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from auditor.judging.cost import Cost

WARNING_INTENSITY = 0.3
CRITICAL_INTENSITY = 1.5
"""Extra waiting a minute over an ordinary minute's, in the last INTENSITY_MINUTES."""
WARNING_MINUTES = 10.0
CRITICAL_MINUTES = 60.0
"""Extra waiting so far, in ordinary minutes' worth."""
INTENSITY_MINUTES = 5
DECADE = 20.0
"""Points of rank for each tenfold of cost."""


class Severity(IntEnum):
    """info < warning < critical."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """As the contract's column has it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Damage:
    """What a problem has cost so far.

    extra_ms: waiting beyond the ordinary. normal_minutes: the same in ordinary minutes' worth.
    intensity: extra over ordinary waiting in the latest minutes. extra_loads, extra_errors,
    lost_requests: counts beyond the ordinary.
    """

    extra_ms: float = 0.0
    normal_minutes: float = 0.0
    intensity: float = 0.0
    extra_loads: float = 0.0
    extra_errors: float = 0.0
    lost_requests: float = 0.0


def add_damage(before: Damage, costs: Cost, row: int, columns: Sequence[int]) -> Damage:
    """The damage with one more minute of all series of a problem, whose columns are given.

    Extra loads below the ordinary are not set off. The intensity is that of the worst series.
    """
    minutes = [_minute(costs, row, column) for column in columns]
    extra = sum(each.extra_ms for each in minutes)
    ordinary = float(sum(costs.ordinary[row, column] for column in columns))
    return Damage(
        extra_ms=before.extra_ms + extra,
        normal_minutes=before.normal_minutes + (extra / ordinary if ordinary > 0 else 0.0),
        intensity=max((each.intensity for each in minutes), default=0.0),
        extra_loads=before.extra_loads + sum(each.extra_loads for each in minutes),
        extra_errors=before.extra_errors + sum(each.extra_errors for each in minutes),
        lost_requests=before.lost_requests + sum(each.lost_requests for each in minutes),
    )


def _minute(costs: Cost, row: int, column: int) -> Damage:
    """What one minute of one series cost."""
    first = max(row + 1 - INTENSITY_MINUTES, 0)
    span = slice(first, row + 1)
    extra, ordinary = costs.total()[span, column], costs.ordinary[span, column]
    rest = float(ordinary.sum())
    return Damage(
        extra_ms=float(extra[-1]),
        intensity=float(extra.sum()) / rest if rest > 0 else 0.0,
        extra_loads=max(float(costs.extra_loads[row, column]), 0.0),
        extra_errors=float(costs.extra_errors[row, column]),
        lost_requests=float(costs.lost_requests[row, column]),
    )


def severity(damage: Damage, static: float) -> Severity:
    """Severity of a problem that costs this much.

    static: the worst default threshold reached (0, 1 warning, 2 critical). It raises a cheap
    problem to warning when critical, and a dear one to critical; it never lowers.
    """
    found = Severity.INFO
    if damage.intensity >= WARNING_INTENSITY or damage.normal_minutes >= WARNING_MINUTES:
        found = Severity.WARNING
    if damage.intensity >= CRITICAL_INTENSITY or damage.normal_minutes >= CRITICAL_MINUTES:
        found = Severity.CRITICAL
    if static >= 2.0:
        raised = Severity.CRITICAL if damage.intensity >= 1.0 else Severity.WARNING
        found = max(found, raised)
    return found


def rank(damage: Damage) -> float:
    """0..100 by what it has cost and costs now: 26 for an ordinary minute's worth, 50 for ten."""
    worth = damage.normal_minutes + INTENSITY_MINUTES * damage.intensity
    return float(np.clip(DECADE * np.log10(1.0 + 10.0 * worth), 0.0, 100.0))
