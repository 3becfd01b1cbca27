"""What is kept of a moment of an observation: what was found, and by what it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from auditor.explaining.moments import Kind
from auditor.maintaining.maintenance import Maintenance
from auditor.statistics.thresholds import Thresholds
from baselines.series import SeriesKey


@dataclass(frozen=True, slots=True)
class InForceThen:
    """Ids of what one series was judged by; None: it had none."""

    baseline_id: int | None
    calibration_id: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One stored judgement.

    minute: epoch minute of the window. found: the judgement as plain values. in_force: of every
    series of the cache. budget: false observations a series and week that were allowed;
    opening_surprise: from which one opens by it. made_with: versions of the libraries.
    recorded_at: when the windows were read. maintenances: what held in them.
    """

    observation_id: UUID
    kind: Kind
    key: SeriesKey
    minute: int
    severity: str
    found: Mapping[str, Any]
    in_force: Mapping[SeriesKey, InForceThen]
    forest_id: int | None
    thresholds: Thresholds
    budget: float
    opening_surprise: float
    made_with: Mapping[str, str]
    recorded_at: datetime
    maintenances: tuple[Maintenance, ...] = ()

    @property
    def since(self) -> int:
        """The first window of the problem, epoch minute."""
        return int(self.found["since"])


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The window's own stored score, which late events may have had made again."""

    score: float | None
    surprise: float | None
    leading_metric: str | None
    parts: tuple[Mapping[str, Any], ...]
    corrected_at: datetime | None
