"""Feedback: what a person signed, and which openings it keeps quiet from then on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from auditor.judging.calibration import MIN_WINDOWS
from auditor.observing.severity import Severity
from baselines.baseline import Baseline
from baselines.series import SeriesKey

Reason = Literal["fixed", "expected", "false-alarm", "new-normal"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
MEANS: Final[Mapping[Reason, str]] = {
    "fixed": "it was real and is mended",
    "expected": "it was real and planned",
    "false-alarm": "it was not real",
    "new-normal": "it is how things are from now on",
}

MARGIN = 0.5
"""How far a false alarm's like may exceed the surprise that it had reached."""
ENOUGH_WINDOWS = MIN_WINDOWS
"""Windows of the new normal after which it is judged like any other: what calibrations need."""
LASTS: Final[Mapping[Reason, timedelta | None]] = {
    "fixed": None,
    "expected": timedelta(hours=24),
    "false-alarm": timedelta(days=30),
    "new-normal": timedelta(days=14),
}
"""How long each reason silences unless somebody says otherwise; None: it silences nothing."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What feedback is about; None: any."""

    cache_name: str
    implementation_type: str | None
    metric: str | None

    def covers(self, cache_name: str, implementation_type: str | None, metric: str | None) -> bool:
        """Whether an observation of this series, led by this metric, lies within."""
        return (
            self.cache_name == cache_name
            and self.implementation_type in (None, implementation_type)
            and self.metric in (None, metric)
        )

    def __str__(self) -> str:
        series = f"/{self.implementation_type}" if self.implementation_type else "/*"
        return f"{self.metric or 'any metric'} of {self.cache_name}{series}"


SCOPES: Final = ("metric", "series", "cache-metric", "cache")


def scope(name: str, cache_name: str, implementation_type: str | None, metric: str | None) -> Scope:
    """A scope by its name: this metric of this series, all of the series, this metric in all
    implementations, or all of the cache. Raises ValueError for another name."""
    if name not in SCOPES:
        raise ValueError(f"there is no scope {name!r}; it is one of {', '.join(SCOPES)}")
    return Scope(
        cache_name,
        implementation_type if name in ("metric", "series") else None,
        metric if name in ("metric", "cache-metric") else None,
    )


@dataclass(frozen=True, slots=True)
class Feedback:
    """An acknowledgement with its scope.

    at, expires, revoked: epoch minutes, from which it counts and no longer counts; expires None: it
    goes on until its observation has resolved. since: the first window of its observation. bar: the
    surprise that the observation reached, NaN = not known. severity: as it was signed.
    """

    id: int
    observation_id: UUID
    reason: Reason
    scope: Scope
    signed_by: str
    at: int
    expires: int | None
    revoked: int | None
    since: int
    bar: float
    severity: Severity

    def stands(self, minute: int) -> bool:
        """Whether it counts in this minute."""
        ends = (end for end in (self.expires, self.revoked) if end is not None)
        return self.at <= minute < min(ends, default=minute + 1)

    def outweighs(self, surprise: float, severity: Severity) -> bool:
        """Whether an opening within its scope is no more than what was signed.

        A higher severity always speaks. A false alarm's like may come up to its surprise and
        MARGIN; what was expected, or is the new normal, may come with any surprise.
        """
        if self.reason == "fixed" or severity > self.severity:
            return False
        return self.reason != "false-alarm" or surprise <= self.bar + MARGIN

    def learned(self, baseline: Baseline | None) -> bool:
        """Whether a new normal is ordinary by now: in the baseline, and nothing older beside it."""
        return (
            self.reason == "new-normal"
            and baseline is not None
            and baseline.start >= self.since
            and baseline.sample_size >= ENOUGH_WINDOWS
        )


def silences(
    feedback: Iterable[Feedback],
    key: SeriesKey,
    metric: str,
    surprise: float,
    severity: Severity,
    minute: int,
    baseline: Baseline | None = None,
) -> Feedback | None:
    """The first feedback that keeps this from opening or reopening an observation, or None.

    metric: the leading one. surprise, severity: of the observation that would open in this minute.
    baseline: of the series, in force; a new normal that it has learned silences no longer.
    """
    for each in feedback:
        if (
            each.stands(minute)
            and each.scope.covers(key.cache_name, key.implementation_type, metric)
            and each.outweighs(surprise, severity)
            and not each.learned(baseline)
        ):
            return each
    return None
