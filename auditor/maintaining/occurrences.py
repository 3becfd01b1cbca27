"""When a maintenance holds: the spans of time that it is made of, and how it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from auditor.maintaining.clock import first_shown
from auditor.maintaining.maintenance import Maintenance, Once, Recurring

HORIZON: Final = timedelta(days=70)
"""Within it comes whatever comes again: the 31st of a month is passed over for 62 days at most."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The half-open time [since, until) in which a maintenance holds; aware, UTC."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a maintenance stands. current: what is on; following: what begins next; None: nothing."""

    current: Occurrence | None
    following: Occurrence | None

    @property
    def state(self) -> Literal["on", "planned", "over"]:
        """on: it holds now. planned: it will hold. over: it will not hold again."""
        if self.current is not None:
            return "on"
        return "over" if self.following is None else "planned"


def occurrences(maintenance: Maintenance, since: datetime, until: datetime) -> list[Occurrence]:
    """Every span of the maintenance that overlaps [since, until), oldest first, in full length.

    since, until: aware. What was ended early or cut short ends there; what was ended before it
    began is left out.
    """
    found = []
    for planned in _planned(maintenance.when, since, until):
        ends = [planned.until]
        ends += [cut for cut in maintenance.cut if planned.since <= cut < planned.until]
        if maintenance.ended is not None:
            ends.append(maintenance.ended)
        held = Occurrence(planned.since, min(ends))
        if held.since < held.until and held.since < until and held.until > since:
            found.append(held)
    return found


def standing(maintenance: Maintenance, now: datetime) -> Standing:
    """What is on at `now`, and what begins after it."""
    start = maintenance.when.since
    near = occurrences(maintenance, now, max(now, start) + HORIZON)
    current = [each for each in near if each.since <= now]
    following = [each for each in near if each.since > now]
    return Standing(next(iter(current), None), next(iter(following), None))


def _planned(when: Once | Recurring, since: datetime, until: datetime) -> Iterator[Occurrence]:
    """The spans as they were planned; those of [since, until) and perhaps some about it."""
    if isinstance(when, Once):
        yield Occurrence(when.since, when.until)
        return
    # a day more on both sides: the local date may be another than that of UTC
    first = max(since.astimezone(UTC) - when.length, when.since)
    day, last = first.date() - timedelta(days=1), until.astimezone(UTC).date() + timedelta(days=1)
    while day <= last:
        if when.every.falls_on(day):
            begins = first_shown(datetime.combine(day, when.at), when.time_zone)
            if begins >= when.since and (when.until is None or begins < when.until):
                yield Occurrence(begins, begins + when.length)
        day += timedelta(days=1)
