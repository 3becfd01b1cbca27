"""What a person types about a maintenance, as instants and lengths of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

from auditor.maintaining.clock import first_shown, the_instant, zone_of
from auditor.maintaining.errors import MaintenanceInvalid
from auditor.maintaining.every import every_of
from auditor.maintaining.maintenance import YEARS, Once, Recurring

UNITS: Final = {"m": 1, "min": 1, "h": 60, "d": 1440}
_PART: Final = re.compile(r"(\d{1,6})\s*(min|m|h|d)")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
FORMS: Final = "'2026-11-22 22:00', the same with an offset such as +01:00, or 22:00"


def when_of(
    now: datetime,
    time_zone: str,
    *,
    begins: str | None = None,
    lasts: str | None = None,
    ends: str | None = None,
    every: str | None = None,
) -> Once | Recurring:
    """What was asked for, at `now` (aware), on the clock of `time_zone`.

    once: from `begins` (None for now) for `lasts` or up to `ends`. every: it comes again at the
    time of day of `begins` for `lasts`; the first time on the day of `begins` if it names one, else
    what would be on now counts; it begins before `ends`.
    Raises MaintenanceInvalid in the words of what was typed.
    """
    if every is not None:
        return _recurring(now, time_zone, begins, lasts, ends, every)
    since = now.astimezone(UTC) if begins is None else moment(begins, time_zone, now)
    if (lasts is None) == (ends is None):
        raise MaintenanceInvalid("say for how long, or until when it lasts, and not both")
    until = since + length(lasts) if lasts is not None else moment(ends or "", time_zone, since)
    return Once(since, until)


def length(text: str) -> timedelta:
    """'2h', '90m', '1h30m', '1d 12h'. Raises MaintenanceInvalid for anything else."""
    parts = _PART.findall(text.lower())
    if not parts or _PART.sub("", text.lower()).strip():
        raise MaintenanceInvalid(f"{text!r} is no length of time; write it as 2h, 90m or 1h30m")
    return timedelta(minutes=sum(int(number) * UNITS[unit] for number, unit in parts))


def moment(text: str, time_zone: str, now: datetime) -> datetime:
    """The instant (UTC) of a text like FORMS; a date alone is the beginning of that day.

    A time alone is the next one after `now` (aware) at which the clock shows it.
    Raises MaintenanceInvalid for another form, and for a local time that comes never or twice.
    """
    clock = _clock(text)
    if clock is not None:
        today = now.astimezone(zone_of(time_zone)).date()
        shown = [
            first_shown(datetime.combine(today + timedelta(days=more), clock), time_zone)
            for more in (0, 1)
        ]
        return next(each for each in shown if each >= now or each == shown[-1])
    named = _dated(text)
    return named.astimezone(UTC) if named.tzinfo is not None else the_instant(named, time_zone)


def _recurring(
    now: datetime,
    time_zone: str,
    begins: str | None,
    lasts: str | None,
    ends: str | None,
    every: str,
) -> Recurring:
    if begins is None:
        raise MaintenanceInvalid("what comes again needs the time of day at which it begins")
    if lasts is None:
        raise MaintenanceInvalid("what comes again needs its length, such as 2h")
    span, zone = length(lasts), zone_of(time_zone)
    at = _clock(begins)
    since = now.astimezone(UTC) - span  # what would be on now counts
    if at is None:
        named = _dated(begins)
        local = named if named.tzinfo is None else named.astimezone(zone).replace(tzinfo=None)
        at, since = local.time(), first_shown(local, time_zone)
    until = None if ends is None else moment(ends, time_zone, now)
    return Recurring(every_of(every), at, span, time_zone, since, until)


def _clock(text: str) -> time | None:
    """The time of day that a text is; None when it is something else."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:
        raise MaintenanceInvalid(f"{text!r} is no time of day")
    return time(hour, minute)


def _dated(text: str) -> datetime:
    """The date and time of a text, naive unless it has an offset."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MaintenanceInvalid(f"{text!r} is no time; write it as {FORMS}") from None
    if found.year not in YEARS:
        raise MaintenanceInvalid(f"the year {found.year} is not {YEARS[0]} to {YEARS[-1]}")
    return found
