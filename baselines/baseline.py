"""What is ordinary for one series, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from baselines.seen import SHARES
from baselines.series import FloatArray, SeriesKey
from baselines.slots import STEPS


@dataclass(frozen=True, slots=True)
class Profile:
    """One metric's week.

    centre: shape (168,), metric's unit, already shrunk. spread: (168,), same unit, for people.
    dispersion: (168,), what detectors use, by the metric's kind: a ratio's overdispersion rho
    (beta-binomial variance n p q (1 + (n - 1) rho)), a count's phi (negative binomial variance
    mu + phi mu^2), a level's spread on the logarithm.
    successes, trials: (168,), the counts themselves (a level's and a count's trials are what its
    means rest on). windows: (168,), how many were learned from.
    overall_*: the same over all slots. level_weight: how much of a departure of the last hour goes
    on (0..1); level_bound: how far, on the link scale, the last hour may move the centre at most.
    daily_shift, daily_widening: (288,), what recurs at a time of the day, see `recurrence`.
    seen: (len(SHARES),), quantiles of all that was learned, see `seen`; NaN where none were kept.
    """

    centre: FloatArray
    spread: FloatArray
    dispersion: FloatArray
    successes: FloatArray
    trials: FloatArray
    windows: FloatArray
    overall_centre: float
    overall_spread: float
    overall_dispersion: float
    level_weight: float
    level_bound: float
    daily_shift: FloatArray = field(default_factory=lambda: np.zeros(STEPS))
    daily_widening: FloatArray = field(default_factory=lambda: np.ones(STEPS))
    seen: FloatArray = field(default_factory=lambda: np.full(SHARES.size, np.nan))


@dataclass(frozen=True, slots=True)
class Summary:
    """The columns of cache_baseline_metrics; rates in percent, None = never measured."""

    baseline_period_start: int
    baseline_period_end: int
    baseline_hit_rate: float | None
    baseline_avg_response_time_ms: float | None
    baseline_p95_response_time_ms: float | None
    baseline_error_rate: float | None
    hit_rate_stddev: float | None
    response_time_stddev: float | None
    sample_size: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The ordinary week of one series, fitted on the half-open span [start, end) of minutes.

    sample_size: windows learned from. profiles: metric name -> Profile; a metric that was never
    measured is absent.
    """

    key: SeriesKey
    version: int
    time_zone: str
    start: int
    end: int
    sample_size: int
    profiles: Mapping[str, Profile]

    def summary(self) -> Summary:
        """The contract's columns; what was never measured is None."""
        hit, error = self.profiles.get("hit_rate"), self.profiles.get("error_rate")
        time, p95 = self.profiles.get("response_time_ms"), self.profiles.get("p95_response_time_ms")
        return Summary(
            baseline_period_start=self.start,
            baseline_period_end=self.end,
            baseline_hit_rate=None if hit is None else hit.overall_centre,
            baseline_avg_response_time_ms=None if time is None else time.overall_centre,
            baseline_p95_response_time_ms=None if p95 is None else p95.overall_centre,
            baseline_error_rate=None if error is None else error.overall_centre,
            hit_rate_stddev=None if hit is None else hit.overall_spread,
            response_time_stddev=None if time is None else time.overall_spread,
            sample_size=self.sample_size,
        )
