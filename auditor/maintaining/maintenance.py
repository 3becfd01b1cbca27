"""A maintenance: the time in which what happens to a cache is meant to happen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from auditor.maintaining.clock import zone_of
from auditor.maintaining.errors import MaintenanceInvalid
from auditor.maintaining.every import Every

LONGEST: Final = timedelta(days=31)
"""Longer than this it is not maintenance but the new normal, or forgotten."""
SHORTEST: Final = timedelta(minutes=1)
YEARS: Final = range(1970, 2200)
MOST_REASON, MOST_BY = 2000, 200


@dataclass(frozen=True, slots=True)
class Once:
    """The half-open time [since, until); aware instants, kept in UTC.

    Raises MaintenanceInvalid unless it lasts from SHORTEST to LONGEST.
    """

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "since", _utc(self.since))
        object.__setattr__(self, "until", _utc(self.until))
        if self.until <= self.since:
            raise MaintenanceInvalid("it ends before it has begun")
        _bounded(self.until - self.since)


@dataclass(frozen=True, slots=True)
class Recurring:
    """It begins on each day of `every` when the clock of `time_zone` shows `at`, and lasts
    `length` of real time.

    at: local, on the minute. On a day when the clock is put on over `at` it begins at the jump; on
    one when the clock is put back and shows `at` twice, the first time. An hour that is skipped or
    doubled within it makes it neither shorter nor longer.
    since, until: aware; it begins in [since, until) only, and what has begun runs to its end.
    until: None for no end. Raises MaintenanceInvalid.
    """

    every: Every
    at: time
    length: timedelta
    time_zone: str
    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        zone_of(self.time_zone)
        object.__setattr__(self, "since", _utc(self.since))
        if self.until is not None:
            object.__setattr__(self, "until", _utc(self.until))
        _bounded(self.length)
        gap = self.every.shortest_gap()
        if self.length >= gap:
            raise MaintenanceInvalid(
                f"it lasts {_said(self.length)} and comes again after {_said(gap)}, "
                "so it would never end; make it shorter"
            )
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise MaintenanceInvalid("it begins at a local time on the minute, such as 02:30")
        if self.until is not None and self.until <= self.since:
            raise MaintenanceInvalid("the last day that it may begin on lies before the first")


@dataclass(frozen=True, slots=True)
class Maintenance:
    """When it holds, for which series, why, and who said so.

    cache_name, implementation_type: None for all. id: None until it is stored. time_zone: whose
    clock it is told on; of what recurs it is its own. ended: nothing of it holds from then on;
    None: it was not ended early. cut: instants at which a person ended the occurrence that was on,
    and no other.
    Raises MaintenanceInvalid.
    """

    when: Once | Recurring
    cache_name: str | None = None
    implementation_type: str | None = None
    reason: str = ""
    by: str = ""
    time_zone: str = "UTC"
    id: int | None = None
    ended: datetime | None = None
    cut: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.when, Recurring):
            object.__setattr__(self, "time_zone", self.when.time_zone)
        zone_of(self.time_zone)
        object.__setattr__(self, "cut", tuple(_utc(each) for each in self.cut))
        if self.ended is not None:
            object.__setattr__(self, "ended", _utc(self.ended))
        if "" in (self.cache_name, self.implementation_type):
            raise MaintenanceInvalid("the name of a cache or of an implementation is not empty")
        if len(self.reason) > MOST_REASON:
            raise MaintenanceInvalid(f"its reason is longer than {MOST_REASON} characters")
        if len(self.by) > MOST_BY:
            raise MaintenanceInvalid(f"who signs it is longer than {MOST_BY} characters")

    def holds_for(self, cache_name: str, implementation_type: str) -> bool:
        """Whether a series is in its scope."""
        return self.cache_name in (None, cache_name) and self.implementation_type in (
            None,
            implementation_type,
        )


def _utc(given: datetime) -> datetime:
    """The same instant in UTC: within one zone Python subtracts clocks and not instants."""
    if given.tzinfo is None:
        raise MaintenanceInvalid(f"{given:%Y-%m-%d %H:%M} has no time zone")
    if given.year not in YEARS:
        raise MaintenanceInvalid(f"the year {given.year} is not {YEARS[0]} to {YEARS[-1]}")
    return given.astimezone(UTC)


def _bounded(length: timedelta) -> None:
    if not SHORTEST <= length <= LONGEST:
        raise MaintenanceInvalid(
            f"it lasts {_said(length)}; it may last 1 minute to {LONGEST.days} days"
        )


def _said(length: timedelta) -> str:
    """A length in words: '26 h', '90 min', '31 days'."""
    minutes = length.total_seconds() / 60
    if minutes >= 2 * 1440:
        return f"{minutes / 1440:.3g} days"
    return f"{minutes / 60:.3g} h" if minutes >= 120 else f"{minutes:.3g} min"
