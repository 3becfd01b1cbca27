"""A maintenance in words: for whom, when, and how it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.maintaining.clock import zone_of
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.maintaining.occurrences import Occurrence, Standing


def scope_words(cache_name: str | None, implementation_type: str | None) -> str:
    """'sessions/new', 'sessions', 'every cache', 'new of every cache'."""
    if cache_name is None:
        return (
            "every cache"
            if implementation_type is None
            else f"{implementation_type} of every cache"
        )
    return cache_name if implementation_type is None else f"{cache_name}/{implementation_type}"


def when_words(maintenance: Maintenance) -> str:
    """When it holds, on its own clock: one span, or what comes again."""
    when, zone = maintenance.when, maintenance.time_zone
    if isinstance(when, Once):
        return span_words(Occurrence(when.since, when.until), zone)
    begins = f"{when.every} {when.at:%H:%M} for {length_words(when.length)} {when.time_zone}"
    until = "" if when.until is None else f", until {_local(when.until, zone):%Y-%m-%d %H:%M}"
    return f"{begins}{until}"


def span_words(span: Occurrence, time_zone: str) -> str:
    """'2026-11-22 22:00 to 2026-11-23 00:00 Europe/Berlin'; the date once where it is one."""
    first, last = _local(span.since, time_zone), _local(span.until, time_zone)
    end = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{first:%Y-%m-%d %H:%M} to {end} {time_zone}"


def standing_words(standing: Standing, now: datetime) -> str:
    """'on for 40 min more', 'begins in 3 d 4 h', 'over'."""
    if standing.current is not None:
        return f"on for {length_words(standing.current.until - now)} more"
    if standing.following is not None:
        return f"begins in {length_words(standing.following.since - now)}"
    return "over"


def length_words(length: timedelta) -> str:
    """'40 min', '1 h 30 min', '3 d 4 h'; what has begun of a minute counts as one."""
    minutes = -int(-length.total_seconds() // 60)
    hours, left = divmod(minutes, 60)
    days, over = divmod(hours, 24)
    parts = ((days, "d"), (over, "h")) if hours >= 48 else ((hours, "h"), (left, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


def _local(instant: datetime, time_zone: str) -> datetime:
    return instant.astimezone(zone_of(time_zone))
